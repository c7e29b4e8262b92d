import { logWarnings } from '../run/announce.ts';
import { loadConfig } from '../config/load-config.ts';
import { printAsEnvironmentSays } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import { describeFailure } from '../log/describe-failure.ts';
import { type StartedInband, startInband } from '../run/start.ts';
import { leave } from '../log/leave.ts';
import { stdoutSink } from '../log/log-batch.ts';
import { createLogging, type Logging } from '../log/logging.ts';
import { hearQuit } from '../../bin/early-signals.mjs';
import { HURRIED, tellIdleSignals } from '../run/signals.ts';
import { adoptPseudonym } from '../run/pseudonym.ts';
import type { Order, Report } from './messages.ts';
import { TUNNELS_DESCRIPTOR, TunnelTable } from './tunnel-table.ts';

type StartOrder = Extract<Order, { type: 'start' }>;

/**
 * Runs the proxy as one of several workers, at the orders of the supervisor that forked this process: start, report,
 * then serve until told to stop. Without a supervisor a worker stops as well.
 */
export async function runWorker(): Promise<void> {
  const orders = new Orders();
  const started = await Promise.race([start(await orders.start, orders), orders.stop.then(() => undefined)]);
  // Nobody has been let in yet.
  if (started === undefined) return leave(0);
  const { inband, logging } = started;
  const { transport, why: whyTransport } = inband;
  const addresses = inband.listeners.map(({ address }) => address);
  await report({ type: 'ready', addresses, transport, why: whyTransport });
  const { why, grace } = await orders.stop;
  if (why !== undefined) logging.logger.warn({}, why);
  await inband.close(grace === undefined ? {} : { grace });
  await logging.flush();
  logging.leave(0);
}

async function start(order: StartOrder, orders: Orders): Promise<{ inband: StartedInband; logging: Logging }> {
  try {
    adoptPseudonym(order.pseudonym);
    const [parsed, source] = await loadConfig(order.file, order.text);
    const logging = createLogging(parsed.config.log, stdoutSink(true));
    exitOnDefects(logging);
    tellIdleSignals(logging.logger);
    printAsEnvironmentSays(true);
    orders.onAbort = () => {
      logging.flushSync(HURRIED);
      logging.leave(1);
    };
    // The supervisor gave the warnings once for all; only of a module that changed since may there be new ones.
    if (order.text === undefined && order.bound !== undefined) logWarnings(parsed, logging.logger);
    const tunnels = order.hasTunnels ? new TunnelTable(TUNNELS_DESCRIPTOR, order.worker) : undefined;
    const sharing = { bound: order.bound, tunnels };
    return { logging, inband: await startInband(parsed, source, { ...logging, transport: undefined, sharing }) };
  } catch (error) {
    await report({ type: 'failed', message: describeFailure(error) });
    // A module that never settles is not waited for.
    return leave(1);
  }
}

/** Resolves when the message is on its way, or nobody is there to hear it. */
function report(message: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}

interface Stop {
  /** Milliseconds; undefined for what the configuration says. */
  readonly grace: number | undefined;
  /** For the log, where the supervisor does not say it for all. */
  readonly why: string | undefined;
}

/** What the supervisor, or the end of it, or a signal asks of this process. */
class Orders {
  readonly start: Promise<StartOrder>;
  readonly stop: Promise<Stop>;
  /** The last thing to do before an abrupt end. */
  onAbort: () => void = () => undefined;

  constructor() {
    const startOrder = Promise.withResolvers<StartOrder>();
    const stopOrder = Promise.withResolvers<Stop>();
    this.start = startOrder.promise;
    this.stop = stopOrder.promise;
    let isStarted = false;
    if (!process.connected) process.exit(1);
    void report({ type: 'alive' });
    process.on('message', (order: Order) => {
      if (order.type === 'start') {
        isStarted = true;
        startOrder.resolve(order);
      } else if (order.type === 'stop') stopOrder.resolve({ grace: order.grace, why: undefined });
      else if (order.type === 'ping') void report({ type: 'alive' });
      else this.#abort();
    });
    process.on('disconnect', () => {
      if (!isStarted) process.exit(1);
      stopOrder.resolve({ grace: undefined, why: 'the supervisor is gone; stopping' });
    });
    // A terminal and a service manager signal the whole group. That must not count as the impatient second signal, so
    // however many come, they mean one orderly stop; the supervisor is the one that may be impatient.
    const stop = (): void => stopOrder.resolve({ grace: undefined, why: undefined });
    process.on('SIGTERM', stop);
    hearQuit(stop);
    process.on('SIGINT', () => undefined);
  }

  #abort(): never {
    this.onAbort();
    process.exit(1);
  }
}
