import { type ClientHello, HelloFault, HelloReader } from '@inband/tls-guard';
import { isOfHttp } from './plain-http.ts';

/** What a client has sent so far. */
export type HelloProgress =
  | { readonly kind: 'incomplete'; readonly kept: number }
  | { readonly kind: 'complete'; readonly hello: ClientHello; readonly received: Buffer }
  | { readonly kind: 'http' }
  | { readonly kind: 'fault'; readonly why: string };

/** Reads the ClientHello of one client, from its first byte. */
export class HelloInput {
  readonly #reader = new HelloReader();

  /** Whether the client has sent anything. */
  get hasBegun(): boolean {
    return this.#reader.begun;
  }

  read(bytes: Buffer, start: number, end: number): HelloProgress {
    if (!this.hasBegun && isOfHttp(bytes[start])) return { kind: 'http' };
    try {
      const hello = this.#reader.read(bytes, start, end);
      if (hello === undefined) return { kind: 'incomplete', kept: this.#reader.kept };
      return { kind: 'complete', hello, received: this.#reader.takeReceived() };
    } catch (error) {
      if (!(error instanceof HelloFault)) throw error;
      return { kind: 'fault', why: `The ClientHello was refused: ${error.message}.` };
    }
  }
}
