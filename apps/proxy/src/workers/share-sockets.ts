import type { SendHandle } from 'node:child_process';
import { describeFailure } from '../log/describe-failure.ts';
import type { Running } from '../run/running.ts';
import { report } from './process/report.ts';

/** Sends the supervisor the sockets of this worker that no other one has, for a successor. */
export async function shareSockets(running: Running): Promise<void> {
  try {
    const sockets = running.share();
    for (const { socket, kind, bind } of sockets) {
      // The supervisor has the others itself.
      if (kind === 'group') await report({ type: 'socket', kind, bind }, sendable(socket.handle));
      socket.release();
    }
    await report({ type: 'shared' });
  } catch (error) {
    await report({ type: 'shared', problem: describeFailure(error) });
  }
}

function sendable(handle: object): SendHandle {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types do not know bare handles, which are sent as they are
  return handle as SendHandle;
}
