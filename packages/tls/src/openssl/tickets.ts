import type { ContextPointer, OpenSsl } from './calls.ts';

/** Bytes of a key's name, with which each of its tickets begins. */
const NAME_LENGTH = 16;

/** The keys of session tickets, of {@link TICKET_KEY_LENGTH} bytes each, first that of new tickets, then former ones. */
export interface TicketKeySource {
  readonly current: { readonly keys: readonly Uint8Array[] };
}

/**
 * The ticket keys of one server context. OpenSSL knows one key without calling back. So the handshake step that reads a ticket of a
 * former key is made with that key, which the ticket begins with the name of, and all others with the current one. A name is 16
 * random bytes, so it is not found by accident; if it is cut in two by the bounds of records the handshake is an ordinary one.
 */
export class ContextTickets {
  readonly #calls: OpenSsl;
  readonly #context: ContextPointer;
  readonly #source: TicketKeySource;
  #used: Uint8Array | undefined = undefined;
  /** The keys that `#formerNames` are of, and in the same order the names of all but the first. */
  #named: readonly Uint8Array[] = [];
  #formerNames: readonly Uint8Array[] = [];

  constructor(calls: OpenSsl, context: ContextPointer, source: TicketKeySource) {
    this.#calls = calls;
    this.#context = context;
    this.#source = source;
    this.use(undefined);
  }

  /** The former key whose name is somewhere in `bytes[start..end)`. */
  find(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    const { keys } = this.#source.current;
    if (keys !== this.#named) this.#name(keys);
    if (this.#formerNames.length === 0) return undefined;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const index = this.#formerNames.findIndex((name) => view.includes(name));
    return index === -1 ? undefined : keys[index + 1];
  }

  #name(keys: readonly Uint8Array[]): void {
    this.#named = keys;
    this.#formerNames = keys.slice(1).map((key) => key.subarray(0, NAME_LENGTH));
  }

  /** Has the next step of a handshake use this key, or the current one. */
  use(former: Uint8Array | undefined): void {
    const key = former ?? this.#source.current.keys[0];
    if (key === undefined || key === this.#used) return;
    this.#used = key;
    this.#calls.setTicketKey(this.#context, key);
  }
}
