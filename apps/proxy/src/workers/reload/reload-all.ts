import type { AcmeSide } from '../../acme/acme-side.ts';
import type { AdminSide } from '../../admin/admin-side.ts';
import { errorsOf } from '../../config/problem/placed.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { PreparedLog, ProgramLog } from '../../log/program-log.ts';
import { logNewListeners, logWarnings } from '../../run/announce.ts';
import { differenceOf } from '../../run/generations/difference.ts';
import { unchangeableIn } from '../../run/generations/unchangeable.ts';
import { countWorkers } from '../../run/limits/count-workers.ts';
import { planOf } from '../../run/plan/plan.ts';
import { listenersAt, logReloaded, type Reloaded } from '../../run/running.ts';
import type { Ready } from '../process/messages.ts';
import type { Current } from './current.ts';
import type { Switched } from './current-config.ts';

interface ReloadDeps {
  readonly workers: { reload(files: ConfigSource['files'], how: { size: number; grace: number }): Promise<Switched> };
  readonly logging: ProgramLog;
  readonly admin: AdminSide;
  readonly acme: AcmeSide;
}

/** Makes another configuration that of all workers. Rejects if it is wrong, or one of them cannot; then nothing has changed. */
export async function reloadAll(
  before: Current,
  ready: Ready,
  { parsed, source }: Pick<Current, 'parsed' | 'source'>,
  { workers, logging, admin, acme }: ReloadDeps,
): Promise<Current & { readonly reloaded: Reloaded }> {
  const plan = planOf(parsed);
  const problems = unchangeableIn(before.plan, plan);
  if (problems.length > 0) throw errorsOf(source, problems);
  const {
    log,
    reload: { maxAge },
  } = parsed.config;
  const size = countWorkers(parsed.config.workers);
  const { alive, addresses } = await withLog(logging.prepare({ log, baseDirectory: source.baseDirectory }), () =>
    acme.during(parsed, source, () =>
      admin.during(parsed.config, source, () => workers.reload(source.files, { size, grace: maxAge })),
    ),
  );
  const difference = differenceOf(before.plan, plan);
  const isSame = difference.added.length + difference.changed.length + difference.dropped.length === 0;
  const generation = isSame ? before.generation : before.generation + 1;
  logWarnings(parsed, logging.logger);
  const reloaded = { generation, alive, ...difference };
  logReloaded(reloaded, logging.logger, size);
  const listeners = listenersAt(addresses, parsed.config);
  logNewListeners(parsed, { ...ready, listeners }, before.listeners, logging.logger, size);
  return { parsed, source, plan, generation, listeners, reloaded };
}

/** Commits the log if `reload` succeeds. */
async function withLog<T>(prepared: PreparedLog, reload: () => Promise<T>): Promise<T> {
  try {
    const result = await reload();
    prepared.commit();
    return result;
  } catch (error) {
    prepared.abandon();
    throw error;
  }
}
