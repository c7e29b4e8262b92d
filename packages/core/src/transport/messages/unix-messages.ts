import { constants } from 'node:os';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { connectUnixDatagrams, type UnixDatagrams } from '../epoll/system/unix-datagrams.ts';
import type { MessageSender, Sent } from './message-sender.ts';

const { EAGAIN, EMSGSIZE, ENOBUFS } = constants.errno;

/** Errors that are not about the connection. */
const PASSING: ReadonlySet<number> = new Set([EAGAIN, EMSGSIZE, ENOBUFS]);

/** Sends datagrams to a Unix socket. */
export class UnixMessages implements MessageSender {
  readonly #path: string;
  #datagrams: UnixDatagrams | undefined = undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async send(messages: readonly Uint8Array[]): Promise<Sent> {
    const sent = this.#sendAll(messages);
    // So that other things are done between many messages.
    await nextIteration();
    return sent;
  }

  sendNow(messages: readonly Uint8Array[]): number {
    return this.#sendAll(messages).taken;
  }

  close(): void {
    this.#datagrams?.close();
    this.#datagrams = undefined;
  }

  #sendAll(messages: readonly Uint8Array[]): Sent {
    let taken = 0;
    for (const message of messages) {
      const result = this.#sendOne(message);
      if (result < 0) return { taken, problem: systemError(result) };
      taken += 1;
    }
    return { taken, problem: undefined };
  }

  /** A receiver that was restarted has another socket at the same path, so that is tried at once. */
  #sendOne(message: Uint8Array): number {
    const known = this.#datagrams;
    const result = known === undefined ? this.#sendAnew(message) : known.send(message);
    if (known === undefined || result === 0 || PASSING.has(-result)) return result;
    this.close();
    return this.#sendAnew(message);
  }

  #sendAnew(message: Uint8Array): number {
    const connected = connectUnixDatagrams(this.#path);
    if (typeof connected === 'number') return connected;
    this.#datagrams = connected;
    return connected.send(message);
  }
}

/** `result`: a negated errno. A full memory of the kernel is as good as a full queue. */
function systemError(result: number): NodeJS.ErrnoException {
  const code = result === -ENOBUFS ? 'EAGAIN' : getSystemErrorName(result);
  return Object.assign(new Error(`${getSystemErrorMessage(result)} (${code})`), { code });
}
