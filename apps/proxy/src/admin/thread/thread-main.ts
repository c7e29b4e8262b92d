import { type AdminServer, startAdminServer } from '@inband/admin';
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { MetricsView } from '../../metrics/show/metrics-view.ts';
import type { FromThread, ThreadData, ToThread } from '../messages/messages.ts';
import { PortState } from './port-state.ts';
import { ShownCertificates } from './shown-certificates.ts';

/** The least that the system gives, so that whoever asks much takes no time from clients on the same processor. */
const NICE = 19;

// The program of the thread in which the admin server runs.
if (parentPort === null) throw new Error('This is the inside of "inband run"; set "admin" in the configuration.');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `AdminThread` gives it
await runThread(parentPort, workerData as ThreadData);

async function runThread(port: MessagePort, { options, metrics, revoked: refused }: ThreadData): Promise<void> {
  const post = (message: FromThread): void => port.postMessage(message);
  const certificates = new ShownCertificates(options.tls);
  const view = metrics && new MetricsView(metrics, () => certificates.all);
  const state = new PortState(port, view);
  let server: AdminServer | undefined;
  let revoked = refused;
  /** By a reload while the server starts, too: one that is started anew must not go on with tokens that are gone. */
  let changed: Extract<ToThread, { type: 'configure' }> | undefined;
  port.on('message', (message: ToThread) => {
    if (message.type === 'answer') state.answered(message);
    else if (message.type === 'configure') {
      certificates.configure(message.tls);
      changed = message;
      server?.configure(message);
    } else if (message.type === 'revoked') {
      revoked = message.names;
      server?.revoke(revoked);
    } else void close();
  });
  const close = async (): Promise<void> => {
    view?.close();
    certificates.close();
    await server?.close();
    port.close();
  };
  try {
    server = await startAdminServer(state, options);
    if (changed !== undefined) server.configure(changed);
    server.revoke(revoked);
  } catch (error) {
    post({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
    port.close();
    return;
  }
  if (view !== undefined) certificates.follow(() => state.ask('certificates', undefined));
  // On Linux the priority is that of this thread, elsewhere that of the process. Once it has started, which should not take long.
  if (process.platform === 'linux') setPriority(0, NICE);
  post({ type: 'listening', address: server.address });
}
