import type { AgentEvent, Order } from './protocol.ts';

/** What a wire needs of the namespace that it is in. */
interface WireNamespace {
  readonly heard: readonly AgentEvent[];
  order(order: Order): Promise<unknown>;
  happened(wanted: (event: AgentEvent) => boolean, what: string): Promise<AgentEvent>;
}

/** A connection from within a namespace, on which the test says what is sent. Texts have a byte a character. */
export class Wire {
  /** The client's own end. */
  readonly local: string;
  readonly #namespace: WireNamespace;
  readonly #id: number;

  constructor(namespace: WireNamespace, id: number, local: string) {
    this.#namespace = namespace;
    this.#id = id;
    this.local = local;
  }

  /** Everything that came so far. */
  get received(): string {
    return this.#namespace.heard
      .flatMap((event) => (event.type === 'wire-data' && event.wire === this.#id ? [event.text] : []))
      .join('');
  }

  async send(text: string): Promise<void> {
    await this.#namespace.order({ type: 'send', wire: this.#id, text });
  }

  /** Sends the lines with CRLF, and the empty line behind them. */
  sendHead(...lines: readonly string[]): Promise<void> {
    return this.send(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Sends FIN. */
  async finish(): Promise<void> {
    await this.#namespace.order({ type: 'finish', wire: this.#id });
  }

  /** Closes with a reset. */
  async reset(): Promise<void> {
    await this.#namespace.order({ type: 'reset', wire: this.#id });
  }

  /** Resolves with everything that came, as soon as `text` is in it. */
  async until(text: string): Promise<string> {
    await this.#namespace.happened(
      (event) => event.type === 'wire-data' && event.wire === this.#id && this.received.includes(text),
      JSON.stringify(text),
    );
    return this.received;
  }

  /** Resolves when the peer has sent FIN, with everything that came; fails if it reset the connection. */
  async ended(): Promise<string> {
    const event = await this.#namespace.happened(
      ({ type, ...rest }) =>
        (type === 'wire-end' || type === 'wire-closed') && 'wire' in rest && rest.wire === this.#id,
      'end of the connection',
    );
    if (event.type === 'wire-closed' && event.error !== undefined) throw new Error(event.error);
    return this.received;
  }

  /** Resolves when the connection is gone, with the code of the error if one ended it. */
  async closed(): Promise<string | undefined> {
    const event = await this.#namespace.happened(
      (other) => other.type === 'wire-closed' && other.wire === this.#id,
      'close of the connection',
    );
    return event.type === 'wire-closed' ? event.error : undefined;
  }
}
