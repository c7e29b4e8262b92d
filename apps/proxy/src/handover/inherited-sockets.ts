import { duplicateDescriptor } from '@inband/core';
import { closeSync } from 'node:fs';

/**
 * Where an inherited listening socket comes from, and who may accept on it.
 *
 * - `systemd`: a socket unit. It stays open in systemd, and all workers accept on it.
 * - `sole`: a predecessor, and there is no other socket on its address. All workers accept on it.
 * - `group`: a worker of a predecessor, with SO_REUSEPORT. One worker accepts on it, because each of its sockets gets clients.
 */
export type SocketKind = 'systemd' | 'sole' | 'group';

/** A listening socket that this process was started with. */
export interface InheritedSocket {
  readonly descriptor: number;
  readonly kind: SocketKind;
  /** The name of the listener that it is for: see `bindNames`. */
  readonly bind: string;
}

/** The listening sockets that this process was started with, until listeners take them. Owns their descriptors. */
export class InheritedSockets {
  #sockets: readonly InheritedSocket[];

  constructor(sockets: readonly InheritedSocket[] = []) {
    this.#sockets = sockets;
  }

  /** The sockets that no listener has taken. */
  get all(): readonly InheritedSocket[] {
    return this.#sockets;
  }

  /**
   * The sockets for a listener, which belong to the caller. Those of systemd also stay here where the system can duplicate
   * descriptors, so that a reload can drop such a listener and add it again.
   */
  take(bind: string): InheritedSocket[] {
    const taken = this.#sockets.filter((socket) => socket.bind === bind);
    const given = taken.map((socket) => {
      const copy = socket.kind === 'systemd' ? duplicateDescriptor(socket.descriptor) : undefined;
      return copy === undefined ? socket : { ...socket, descriptor: copy };
    });
    this.#forget(given);
    return given;
  }

  /** Closes those that `isNeeded` is false for. Nobody would accept on them, and their clients would wait in vain. */
  closeUnless(isNeeded: (socket: InheritedSocket) => boolean): void {
    const surplus = this.#sockets.filter((socket) => !isNeeded(socket));
    this.#forget(surplus);
    for (const { descriptor } of surplus) closeSync(descriptor);
  }

  #forget(sockets: readonly InheritedSocket[]): void {
    const descriptors = new Set(sockets.map(({ descriptor }) => descriptor));
    this.#sockets = this.#sockets.filter(({ descriptor }) => !descriptors.has(descriptor));
  }
}

/**
 * The sockets for one of several workers. Those that all may use go to each. Of a group each goes to one worker; a worker for which
 * none is left opens its own beside them.
 */
export function socketsOfWorker(sockets: readonly InheritedSocket[], worker: number, size: number): InheritedSocket[] {
  const seen = new Map<string, number>();
  return sockets.filter(({ kind, bind }) => {
    if (kind !== 'group') return true;
    const index = seen.get(bind) ?? 0;
    seen.set(bind, index + 1);
    return index % size === worker - 1;
  });
}
