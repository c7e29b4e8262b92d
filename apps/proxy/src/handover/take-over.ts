import type { Logger } from '@inband/core';
import { describeFailure } from '../log/describe-failure.ts';
import { packageVersion } from '../own-files/own-files.ts';
import type { InheritedSockets } from './inherited-sockets.ts';
import type { Predecessor } from './predecessor.ts';
import type { LentSocket } from './upgrade.ts';

/** The sockets that this process was started with and no listener has taken, for a successor. They stay here as well. */
export function lentFrom({ all }: InheritedSockets): LentSocket[] {
  return all.map((socket) => ({ ...socket, release: () => undefined }));
}

/**
 * Says to the predecessor that this process accepts clients, waits until that has left, and then starts the admin server, whose address
 * only one of them can have.
 */
export async function takeOver(
  predecessor: Predecessor,
  startAdmin: () => Promise<void>,
  logger: Logger,
): Promise<void> {
  predecessor.accepts(packageVersion());
  await predecessor.hasLeft;
  try {
    await startAdmin();
  } catch (error) {
    // There is no way back, and clients are served.
    logger.error(
      { detail: describeFailure(error) },
      'the admin server cannot be started; clients are served without it',
    );
  }
}
