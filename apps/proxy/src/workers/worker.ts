import { SupervisedAcme } from '../acme/supervised-acme.ts';
import { WorkerLender } from '../cluster/lending/worker-lender.ts';
import { SupervisedGuesses } from '../guesses/supervised-guesses.ts';
import { Pace } from '../admin/pace.ts';
import { LazyAnswers } from '../admin/lazy-answers.ts';
import type { AskedProcess } from '../admin/questions/process-question.ts';
import { logWarnings } from '../run/announce.ts';
import { loadConfig } from '../config/load-config.ts';
import { printAsEnvironmentSays } from '../debug/debug-environment.ts';
import { exitOnDefects } from '../log/defects.ts';
import { describeFailure } from '../log/describe-failure.ts';
import { InheritedSockets } from '../handover/inherited-sockets.ts';
import { optimiseAgain, optimiseLater } from '../run/late-optimising.ts';
import type { PrepareLog, Running } from '../run/running.ts';
import type { ListenAtEnd, ShutdownTimes } from '../run/shutdown.ts';
import { startInband } from '../run/start.ts';
import { leave } from '../log/leave.ts';
import { ProgramLog } from '../log/program-log.ts';
import { onQuit } from '../../bin/early-signals.mjs';
import { started as tellStarted } from '../../bin/started.mjs';
import { HURRIED, handleOtherSignals } from '../run/signals.ts';
import { adoptPseudonym } from '../run/build/pseudonym.ts';
import { WorkerNotices } from '@inband/core';
import { RevokedSet } from '../revoked/revoked-set.ts';
import { ReceivedTicketKeys } from '../session-tickets/ticket-keys.ts';
import type { Order, ReloadOrder } from './process/messages.ts';
import { report } from './process/report.ts';
import { shareSockets } from './share-sockets.ts';
import { countInWorker } from './memory/shared-metrics.ts';
import { WorkerReloads } from './reload/worker-reloads.ts';
import { TUNNELS_DESCRIPTOR, TunnelTable } from './memory/tunnel-table.ts';

type StartOrder = Extract<Order, { type: 'start' }>;
type AskOrder = Extract<Order, { type: 'ask' }>;

/**
 * Runs the proxy as one of several workers: waits for the order to start, reports that it accepts, and serves until the order to
 * stop. It stops as well when its supervisor is gone.
 */
export async function runWorker(): Promise<void> {
  const orders = new Orders();
  const started = await Promise.race([start(await orders.start, orders), orders.stop.then(() => undefined)]);
  // No client has been accepted yet.
  if (started === undefined) return leave(0);
  const { inband, logging } = started;
  const { addresses, transport, why: whyTransport } = inband;
  await report({ type: 'ready', addresses, transport, why: whyTransport });
  tellStarted();
  const { why, signal, grace, tunnels, listen } = await orders.stop;
  if (why !== undefined) logging.logger.warn({ ...(signal && { signal }) }, why);
  orders.onStopAgain = (sooner) => void inband.close({ grace: sooner.grace, tunnels: sooner.tunnels });
  await inband.close({ grace, tunnels, listen });
  orders.notices.close();
  await logging.flush();
  logging.leave(0);
}

async function start(order: StartOrder, orders: Orders): Promise<{ inband: Running; logging: ProgramLog }> {
  try {
    adoptPseudonym(order.pseudonym);
    const [parsed, source] = await loadConfig(order.file, order.files, { isWorker: true, onRead: optimiseLater });
    const { baseDirectory } = source;
    const logging = new ProgramLog({ log: parsed.config.log, baseDirectory }, 'worker');
    exitOnDefects(logging);
    const isOfSupervisor = (signal: NodeJS.Signals): void =>
      logging.logger.debug({ signal }, 'a signal was received that is for the supervisor');
    handleOtherSignals(logging, { reload: () => isOfSupervisor('SIGHUP'), upgrade: undefined });
    process.on('SIGINT', isOfSupervisor);
    printAsEnvironmentSays(true);
    orders.onAbort = () => {
      logging.flushSync(HURRIED);
      logging.leave(1);
    };
    // The supervisor has logged the warnings. Only a module, which each worker loads itself, may have others.
    if (order.files === undefined && order.bound !== undefined) logWarnings(parsed, logging.logger);
    const tunnels = order.hasTunnels ? new TunnelTable(TUNNELS_DESCRIPTOR, order.worker) : undefined;
    const sharing = { bound: order.bound, tunnels };
    const prepareLog: PrepareLog = ({ log }, next) => logging.prepare({ log, baseDirectory: next.baseDirectory });
    const { logger, onSession } = logging;
    const inherited = new InheritedSockets(order.sockets);
    const metrics = await countInWorker(parsed.config, order, () => logging.dropped);
    const inband = await startInband(parsed, source, {
      logger,
      onSession,
      transport: undefined,
      sharing,
      inherited,
      prepareLog,
      metrics,
      ticketKeys: orders.ticketKeys,
      tellsExpiry: order.worker === 1,
      acme: orders.acme.view,
      revoked: orders.revoked,
      guesses: orders.guesses,
      lender: orders.lender,
      notices: orders.notices,
      generation: order.generation,
      serverOrders: order.serverOrders,
      tellMessages: (listener) => (logging.onMessage = listener),
    });
    optimiseAgain();
    const reloads = new WorkerReloads(inband, order.file);
    orders.onReload = (part) => void reloads.take(part);
    orders.countOpen = () => inband.open;
    orders.onShare = () => void shareSockets(inband);
    const answers = new LazyAnswers();
    const pace = new Pace();
    orders.onAsk = (asked) => pace.run(() => void answer(asked, answers, { running: inband }));
    return { logging, inband };
  } catch (error) {
    await report({ type: 'failed', message: describeFailure(error) });
    // Not by an empty event loop, because a module may never settle.
    return leave(1);
  }
}

async function answer(
  { question, name, argument }: AskOrder,
  answers: LazyAnswers,
  asked: AskedProcess,
): Promise<void> {
  const outcome = await answers.answer(asked, name, argument);
  // What a plugin tells of its servers may hold what no message can (a BigInt, for example), and clients must not be lost by it.
  await report({ type: 'answer', question, outcome }).catch(async (error: unknown) => {
    const { problemOf } = await import('../admin/questions/process-questions.ts');
    await report({ type: 'answer', question, outcome: { problem: problemOf(error) } });
  });
}

interface Stop {
  /** Milliseconds; undefined for `shutdown.grace`. */
  readonly grace: number | undefined;
  readonly tunnels: number | undefined;
  /** Undefined for `shutdown.listen`. */
  readonly listen?: Exclude<ListenAtEnd, 'keep'> | undefined;
  /** For the log, if the supervisor does not log it. */
  readonly why: string | undefined;
  readonly signal?: NodeJS.Signals;
}

/** The orders of the supervisor, its end, and signals. */
class Orders {
  readonly start: Promise<StartOrder>;
  readonly stop: Promise<Stop>;
  /** As the supervisor has them. */
  readonly ticketKeys = new ReceivedTicketKeys();
  /** What the supervisor keeps by ACME. */
  readonly acme = new SupervisedAcme((demand, host) => void report({ type: 'demand', demand, host }));
  /** The tokens that are revoked. */
  readonly revoked = new RevokedSet();
  /** Has the supervisor count wrong guesses. */
  readonly guesses = new SupervisedGuesses((told) => void report({ type: 'guess', ...told }));
  /** Lends parts of limits from the supervisor. Undefined before the order to start. */
  lender: WorkerLender | undefined = undefined;
  /** What workers tell each other. */
  readonly notices = new WorkerNotices((notices, sent) => void report({ type: 'notices', notices }).then(sent));
  /** Called before this process ends immediately. */
  onAbort: () => void = () => undefined;
  /** Called for each part of a reload. */
  onReload: (part: ReloadOrder) => void = () => undefined;
  /** Client connections that are open. */
  countOpen: () => number = () => 0;
  /** Called when the sockets are to be lent to a successor. */
  onShare: () => void = () => undefined;
  /** Called for each question of the admin API. */
  onAsk: (order: AskOrder) => void = () => undefined;
  /** Called for each order to stop after the first one. */
  onStopAgain: (times: ShutdownTimes) => void = () => undefined;

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
        this.ticketKeys.take(order.ticketKeys);
        this.acme.take(order.acme);
        this.revoked.take(order.revoked);
        this.lender = new WorkerLender({ ...order.lending, send: (calls) => void report({ type: 'lend', calls }) });
        this.notices.take(order.notices);
        startOrder.resolve(order);
      } else if (order.type === 'stop') {
        stopOrder.resolve({ ...order, why: undefined });
        this.onStopAgain(order);
      } else if (order.type === 'notices') this.notices.take(order.notices);
      else if (order.type === 'duty') this.notices.takeDuty(order.isOurs);
      else if (order.type === 'ticket-keys') this.ticketKeys.take(order.ticketKeys);
      else if (order.type === 'acme') {
        this.acme.take(order.state);
        void report({ type: 'acme-taken', update: order.update });
      } else if (order.type === 'demanded') this.acme.demanded(order.demand, order.certificate);
      else if (order.type === 'revoked') this.revoked.take(order.revoked);
      else if (order.type === 'guessed') this.guesses.counted(order.guess, order.count);
      else if (order.type === 'lent') this.lender?.take(order.answers);
      else if (order.type === 'parties') this.#divide(order.parties);
      else if ('id' in order) this.onReload(order);
      else if (order.type === 'ping') void report({ type: 'alive', open: this.countOpen() });
      else if (order.type === 'ask') this.onAsk(order);
      else if (order.type === 'share') this.onShare();
      else this.#abort();
    });
    process.on('disconnect', () => {
      if (!isStarted) process.exit(1);
      stopOrder.resolve({ grace: undefined, tunnels: undefined, why: 'the supervisor is gone; stopping' });
    });
    // A terminal and a service manager signal the whole process group. So several signals mean one graceful stop here, and only
    // the supervisor takes a second one as the order to end immediately.
    const stop = (signal: NodeJS.Signals): void =>
      stopOrder.resolve({
        grace: undefined,
        tunnels: undefined,
        why: 'a signal was received; this worker stops',
        signal,
      });
    process.on('SIGTERM', () => stop('SIGTERM'));
    onQuit(() => stop('SIGQUIT'));
    process.on('SIGINT', () => undefined);
  }

  #divide(parties: number): void {
    if (this.lender !== undefined) this.lender.parties = parties;
  }

  #abort(): never {
    this.onAbort();
    process.exit(1);
  }
}
