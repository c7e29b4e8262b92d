import type { LentSocket } from '../../handover/upgrade.ts';
import type { SocketForOther } from './listener-set.ts';

/** The sockets of a running proxy for a successor. */
export function lentBy(running: { share(): SocketForOther[] }): LentSocket[] {
  return running.share().map(({ socket, kind, bind }) => {
    return { descriptor: socket.descriptor, kind, bind, release: () => socket.release() };
  });
}
