import type { AdminSide } from '../admin/admin-side.ts';
import type { openPushes } from '../cluster/pushes/if-configured.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Upgrade } from '../handover/upgrade.ts';
import { stderrSink } from '../log/outputs/log-batch.ts';
import type { ProgramLog } from '../log/program-log.ts';
import type { ConfigChanges } from '../overlays/config-changes.ts';
import { showDraining } from '../run/drain-status.ts';
import type { FileWatch } from '../run/file-watch.ts';
import type { Running } from '../run/running.ts';
import type { ServiceManager } from '../run/service-manager.ts';
import { shutdownTimes } from '../run/shutdown.ts';
import type { ProcessSides } from './process-sides.ts';

/** What a program in one process consists of when it is to end. */
interface Program {
  readonly logging: ProgramLog;
  readonly config: Config;
  /** Undefined if it is to end before its start was done. */
  readonly running: Running | undefined;
  readonly sides: ProcessSides;
  readonly admin: AdminSide;
  readonly manager: ServiceManager;
  readonly pushes: Awaited<ReturnType<typeof openPushes>>;
  readonly changes: ConfigChanges;
  readonly watch: FileWatch;
  readonly upgrade: Upgrade;
}

/** Ends it: nothing is reloaded any more, clients finish, and then all that has served them is closed. `why`: for the log. */
export async function finish(program: Program, why: object): Promise<void> {
  const { logging, config, running, sides, admin, manager, pushes, changes, watch, upgrade } = program;
  const { acme, cluster, clusterView } = sides;
  watch.stop();
  upgrade.abort();
  void pushes?.close();
  changes.close();
  if (!upgrade.isDone) cluster.tell({ isStopping: true });
  const times = shutdownTimes(config);
  logging.logger.info({ ...why, ...times }, 'stopping');
  manager.stopping('Finishing what is open');
  const stopShowing = showDraining({ times, open: () => running?.open, output: stderrSink });
  await running?.close(upgrade.isDone ? { listen: 'handed-over' } : undefined);
  stopShowing();
  await acme.close();
  // Last, so that it says meanwhile what is going on.
  await admin.close();
  await pushes?.close();
  await clusterView.close();
  await sides.leave();
  logging.logger.info({}, 'stopped');
  await logging.flush();
}
