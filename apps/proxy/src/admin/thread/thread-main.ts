import { type AdminOptions, type AdminServer, startAdminServer } from '@inband/admin';
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { FromThread, ToThread } from '../messages/messages.ts';
import { PortState } from './port-state.ts';

/** The least that the system gives, so that whoever asks much takes no time from clients on the same processor. */
const NICE = 19;

// The program of the thread in which the admin server runs.
if (parentPort === null) throw new Error('This is the inside of "inband run"; set "admin" in the configuration.');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `AdminThread` gives it
await runThread(parentPort, workerData as AdminOptions);

async function runThread(port: MessagePort, start: AdminOptions): Promise<void> {
  const post = (message: FromThread): void => port.postMessage(message);
  const state = new PortState(port);
  let server: AdminServer | undefined;
  port.on('message', (message: ToThread) => {
    if (message.type === 'answer') state.answered(message);
    else if (message.type === 'configure') server?.configure(message);
    else void close();
  });
  const close = async (): Promise<void> => {
    await server?.close();
    port.close();
  };
  try {
    server = await startAdminServer(state, start);
  } catch (error) {
    post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    port.close();
    return;
  }
  // On Linux the priority is that of this thread, elsewhere that of the process. Once it has started, which should not take long.
  if (process.platform === 'linux') setPriority(0, NICE);
  post({ type: 'listening', address: server.address });
}
