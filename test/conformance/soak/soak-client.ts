import { connect, type Socket } from 'node:net';
import { fieldOf, type Message, MessageReader } from '../wire/message-reader.ts';
import { formsOf } from './forms.ts';
import { bodyOf } from './soak-origin.ts';

/** What came of all exchanges of all clients. */
export interface Tally {
  exchanges: number;
  /** By what was to come of them, and did. */
  regular: number;
  mended: number;
  refused: number;
  /** Answers, or parts of some, that belong to another exchange: none may. */
  readonly crossTalk: string[];
  /** Anything else that was not as it should be. */
  readonly problems: string[];
}

/** No answer takes so long, in milliseconds, however busy the machine is. */
const PATIENCE = 60_000;
const SIZES = [1, 20, 300, 5000, 40_000];
const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST'];

/**
 * A client that asks one thing after the other over connections that it keeps, and checks that each answer is its own:
 * head, body, trailer section, and nothing behind it.
 */
export class SoakClient {
  readonly #port: number;
  readonly #random: () => number;
  readonly #tally: Tally;
  #socket: Socket | undefined = undefined;
  #reader = new MessageReader('response');
  #changed: () => void = () => {};
  #ended = false;

  /** `random` gives numbers from 0 to below 1. */
  constructor(port: number, random: () => number, tally: Tally) {
    this.#port = port;
    this.#random = random;
    this.#tally = tally;
  }

  async exchange(id: string): Promise<void> {
    const any = <T>(list: readonly T[]): T => list[Math.floor(this.#random() * list.length)]!;
    const size = any(SIZES);
    const body = bodyOf(id, size);
    const forms = formsOf(id, body);
    // Half of them regular, so that connections to the server are used again.
    const form = any(this.#random() < 0.5 ? forms.filter(({ outcome }) => outcome === 'regular') : forms);
    const method = form.needsBody === true ? 'GET' : any(METHODS);
    const content = method === 'POST' ? `Content-Length: ${id.length}\r\n\r\n${id}` : '\r\n';
    const socket = this.#connected();
    this.#reader = new MessageReader('response', [method]);
    socket.write(`${method} /${id}/${forms.indexOf(form)}/${size} HTTP/1.1\r\nHost: soak.test\r\n${content}`, 'latin1');
    await this.#answered(socket);
    const tally = this.#tally;
    tally.exchanges += 1;
    const what = `${method} ${id} (${form.name}, ${size} bytes)`;
    this.#checkOwn(id, what);
    const [answer] = this.#reader.complete;
    const isPassed = answer !== undefined && fieldOf(answer, 'x-id') === id;
    if (form.outcome === 'refused' ? isPassed : !isPassed) {
      const shown = answer === undefined ? 'nothing whole' : `${answer.startLine}: ${answer.body}`;
      tally.problems.push(`${what} was answered with ${shown}`);
    } else tally[form.outcome] += 1;
    if (isPassed) this.#checkContent(answer, method === 'HEAD' ? '' : body, what);
    if (this.#ended || answer === undefined || fieldOf(answer, 'connection') === 'close') this.close();
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connected(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#ended = false;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#reader.push(bytes);
      this.#changed();
    });
    const over = (): void => {
      if (this.#socket !== socket) return;
      this.#ended = true;
      this.#changed();
    };
    socket.on('end', () => {
      if (this.#socket === socket) this.#reader.end();
      over();
    });
    socket.on('close', over);
    return socket;
  }

  /** Until the answer is whole, or no more of it will come. */
  #answered(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#tally.problems.push('an exchange did not come to its end');
        socket.destroy();
      }, PATIENCE);
      this.#changed = () => {
        if (!this.#ended && this.#reader.problem === undefined && this.#reader.complete.length === 0) return;
        clearTimeout(timer);
        this.#changed = () => {};
        resolve();
      };
      this.#changed();
    });
  }

  /** Everything that came, whole or not, is of this exchange or of the proxy itself. */
  #checkOwn(id: string, what: string): void {
    const { messages, problem } = this.#reader;
    const { crossTalk, problems } = this.#tally;
    if (problem !== undefined) problems.push(`${what}: ${problem}`);
    if (this.#reader.complete.length > 1) crossTalk.push(`${what} got ${this.#reader.complete.length} answers`);
    for (const message of messages) {
      const said = [fieldOf(message, 'x-id'), fieldOf(message, 'link'), /x-t: (.*)\r/i.exec(message.trailer)?.[1]];
      const others = said.filter((other) => other !== undefined && other !== id);
      if (others.length > 0) crossTalk.push(`${what} got what belongs to ${others.join()}`);
    }
  }

  #checkContent({ status, body }: Message, expected: string, what: string): void {
    if (body !== (status === 204 ? '' : expected)) this.#tally.crossTalk.push(`${what} got another body`);
  }
}
