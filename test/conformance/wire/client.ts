import { fieldOf, MessageReader } from './message-reader.ts';
import { Peer } from './peer.ts';

/** The methods of the requests in `bytes`, as far as they can be read. */
export function methodsIn(bytes: Buffer): string[] {
  const methods: string[] = [];
  for (const [, method] of bytes
    .toString('latin1', 0, 65_536)
    .matchAll(/(?:^|\n)([A-Z]+) [^\r\n]+ HTTP\/1\.[01]\r\n/g)) {
    methods.push(method!);
  }
  return methods;
}

/** A client that sends bytes, whatever they are, and reads the responses. */
export class RawClient extends Peer {
  #reader = new MessageReader('response');
  #mark = 0;

  /** What came since the last `expect`. */
  get heard(): Buffer {
    return this.bytes.subarray(this.#mark);
  }

  get responses(): MessageReader {
    return this.#reader;
  }

  /** Whether the last answer said that the connection closes. */
  get wasToldToClose(): boolean {
    const last = this.#reader.complete.at(-1);
    return last !== undefined && fieldOf(last, 'connection')?.toLowerCase() === 'close';
  }

  /** From here on responses to these requests are to come. */
  expect(requests: Buffer): void {
    this.#mark = this.bytes.length;
    this.#reader = new MessageReader('response', methodsIn(requests));
  }

  send(bytes: Buffer): void {
    this.connection.write(bytes);
  }

  protected override received(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  protected override finished(): void {
    this.#reader.end();
    // A well-behaved client closes when the proxy did.
    this.connection.end();
  }
}
