import { randomBytes } from 'node:crypto';
import { machineKey } from './machine-key.ts';

/** Milliseconds for which a key makes tickets; for twice as long after that it still opens them. */
export const ROTATION = 8 * 3_600_000;
/** The one that makes tickets, and those before it. */
export const KEYS = 3;
/** Bytes of a key: its name (16), the key of the HMAC (32) and that of AES-256 (32), as OpenSSL takes them. */
export const KEY_LENGTH = 80;
/** Bytes of the program's own key. */
const OWN_LENGTH = 32;

/** Keys of session tickets. They are never written to a file or the log. */
export interface TicketKeys {
  /** The first makes tickets, all of them open them. */
  readonly keys: readonly Uint8Array[];
  /** See `ChainerDeps.ownKey`. */
  readonly own: Uint8Array;
}

/** Where a process finds the keys that are current. */
export interface TicketKeySource {
  readonly current: TicketKeys;
}

/** Makes keys, and a new one every eight hours, so that a stolen key opens no connection that began a day before or after. */
export class TicketKeyRing implements TicketKeySource {
  #current: TicketKeys;
  #timer: NodeJS.Timeout | undefined = undefined;
  readonly #onRotate: (keys: TicketKeys) => void;

  /** `onRotate` is called with each new set of keys. */
  constructor(onRotate: (keys: TicketKeys) => void = () => undefined) {
    this.#onRotate = onRotate;
    this.#current = { keys: Array.from({ length: KEYS }, newKey), own: machineKey() ?? randomBytes(OWN_LENGTH) };
    this.#rotateByItself();
  }

  /** Goes on with the keys of the program that this one replaces. */
  adopt(sent: SentTicketKeys): void {
    this.#replace(receivedTicketKeys(sent));
  }

  /** From now on the keys are those that members of a cluster share, and are replaced by whoever shares them. */
  share(keys: TicketKeys): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#replace(keys);
  }

  /** Nobody can be asked for shared keys any more: a new one comes first, and others as without a cluster. */
  goAlone(): void {
    if (this.#timer !== undefined) return;
    this.#rotate();
    this.#rotateByItself();
  }

  #rotateByItself(): void {
    this.#timer = setInterval(() => this.#rotate(), ROTATION).unref();
  }

  #rotate(): void {
    const { keys, own } = this.#current;
    this.#replace({ keys: withNewKey(keys), own });
  }

  #replace(keys: TicketKeys): void {
    this.#current = keys;
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
  #current: TicketKeys = { keys: [], own: new Uint8Array(0) };

  get current(): TicketKeys {
    return this.#current;
  }

  take(sent: SentTicketKeys): void {
    this.#current = receivedTicketKeys(sent);
  }
}

/** Keys as a message to another process has them, in base64. */
export interface SentTicketKeys {
  readonly keys: readonly string[];
  readonly own: string;
}

export function sentTicketKeys({ keys, own }: TicketKeys): SentTicketKeys {
  return { keys: keys.map(sentKey), own: sentKey(own) };
}

function receivedTicketKeys({ keys, own }: SentTicketKeys): TicketKeys {
  return { keys: keys.map(receivedKey), own: receivedKey(own) };
}

function sentKey(key: Uint8Array): string {
  return Buffer.from(key).toString('base64');
}

function receivedKey(sent: string): Uint8Array {
  return Buffer.from(sent, 'base64');
}

/** A new key comes first, and the oldest one is dropped. */
export function withNewKey(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return [newKey(), ...keys.slice(0, KEYS - 1)];
}

function newKey(): Uint8Array {
  return randomBytes(KEY_LENGTH);
}
