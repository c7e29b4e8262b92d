import { randomBytes } from 'node:crypto';

/** Milliseconds for which a key makes tickets; for twice as long after that it still opens them. */
const ROTATION = 8 * 3_600_000;
/** The one that makes tickets, and those before it. */
const KEYS = 3;
/** Bytes of a key: its name (16), the key of the HMAC (32) and that of AES-256 (32), as OpenSSL takes them. */
const KEY_LENGTH = 80;

/** Keys of session tickets. They are never written to a file or the log. */
export interface TicketKeys {
  /** The first makes tickets, all of them open them. */
  readonly keys: readonly Uint8Array[];
}

/** Where a process finds the keys that are current. */
export interface TicketKeySource {
  readonly current: TicketKeys;
}

/** Makes keys, and a new one every eight hours, so that a stolen key opens no connection that began a day before or after. */
export class TicketKeyRing implements TicketKeySource {
  #current: TicketKeys;
  readonly #timer: NodeJS.Timeout;
  readonly #onRotate: (keys: TicketKeys) => void;

  /** `onRotate` is called with each new set of keys. */
  constructor(onRotate: (keys: TicketKeys) => void = () => undefined) {
    this.#onRotate = onRotate;
    this.#current = { keys: Array.from({ length: KEYS }, newKey) };
    const rotate = (): void => this.#replace([newKey(), ...this.#current.keys.slice(0, KEYS - 1)]);
    this.#timer = setInterval(rotate, ROTATION).unref();
  }

  /** Goes on with the keys of the program that this one replaces. */
  adopt(sent: SentTicketKeys): void {
    this.#replace(receivedTicketKeys(sent));
  }

  #replace(keys: readonly Uint8Array[]): void {
    this.#current = { keys };
    this.#onRotate(this.#current);
  }

  get current(): TicketKeys {
    return this.#current;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The keys of a worker, which its supervisor has made. */
export class ReceivedTicketKeys implements TicketKeySource {
  #current: TicketKeys = { keys: [] };

  get current(): TicketKeys {
    return this.#current;
  }

  take(sent: SentTicketKeys): void {
    this.#current = { keys: receivedTicketKeys(sent) };
  }
}

/** Keys as a message to another process has them, in base64. */
export type SentTicketKeys = readonly string[];

export function sentTicketKeys({ keys }: TicketKeys): SentTicketKeys {
  return keys.map((key) => Buffer.from(key).toString('base64'));
}

function receivedTicketKeys(sent: SentTicketKeys): Uint8Array[] {
  return sent.map((key) => Buffer.from(key, 'base64'));
}

function newKey(): Uint8Array {
  return randomBytes(KEY_LENGTH);
}
