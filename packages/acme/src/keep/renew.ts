import { AcmeError, toAcmeError } from '../base/acme-error.ts';
import { issue } from '../issue/issue.ts';
import type { AcmeClient } from '../client/acme-client.ts';
import type { IssueDeps } from '../issue/issue-deps.ts';
import type { AcmeStorage, CertificateLock, Progress } from '../state/acme-storage.ts';
import type { IssuedCertificate } from '../x509/issued-certificate.ts';
import { heeded, noteFailure } from './back-off.ts';
import type { Kept } from './kept.ts';
import { renewalTime } from './schedule.ts';

/** Milliseconds after which it is looked whether another process is done with a certificate. */
export const OTHERS_WAIT = 30_000;
/** Milliseconds after which what could not be asked is asked again. The CA is not asked for that. */
const AWAY_WAIT = 5_000;

/** Why nothing is ordered for a name of a client. */
const TOO_MANY = 'onDemand.perHour: there were too many orders within an hour.';

export interface RenewDeps extends Omit<IssueDeps, 'client'> {
  readonly state: AcmeStorage;
  /** For the account that is kept now. */
  readonly client: () => Promise<AcmeClient>;
  readonly profile: string | undefined;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Whether one more may be ordered for a new name of a client, by all that share the storage. Counts it. */
  readonly mayOrderNew: () => Promise<boolean>;
  /** Nothing is ordered, because what is shared could not be asked. */
  readonly isAway: (reason: string) => void;
}

/** With the right to work on the certificate. Its signal is aborted as well when that is lost. */
interface WorkDeps extends RenewDeps {
  readonly lock: CertificateLock;
}

/** Gets a new certificate, unless another process has done so, or is about to. What comes of it is noted in `kept`. Never rejects. */
export async function renew(kept: Kept, deps: RenewDeps): Promise<void> {
  const { state, clock, signal } = deps;
  let lock: CertificateLock | undefined;
  try {
    lock = await state.lock(kept.name);
    if (lock === undefined) return kept.isTaken(clock.now() + OTHERS_WAIT);
    await renewAlone(kept, { ...deps, lock, signal: AbortSignal.any([signal, lock.lost]) });
  } catch (error) {
    if (!signal.aborted) await failed(kept, toAcmeError(error), deps, lock);
  } finally {
    await lock?.release();
  }
}

async function renewAlone(kept: Kept, deps: WorkDeps): Promise<void> {
  const { lock, clock, log } = deps;
  const now = clock.now();
  const found = await lock.certificate();
  if (found !== undefined && found.sha256 !== kept.issued?.sha256 && renewalTime(found, undefined) > now) {
    log.info({ hosts: kept.hosts }, 'acme: another process has got the certificate');
    return kept.succeeded(found, now);
  }
  const before = await lock.progress();
  const limitedUntil = heeded(before?.limitedUntil, now);
  if (limitedUntil > now) return kept.wait(limitedUntil, before?.error);
  if (before !== undefined && kept.failedElsewhere(before, now)) return;
  const isNew = kept.onDemand && kept.issued === undefined && before === undefined;
  if (isNew && !(await deps.mayOrderNew())) return kept.wait(now + OTHERS_WAIT, TOO_MANY);
  // From now on it counts, whatever becomes of it.
  kept.isCounted = false;
  const issued = await order(kept, before, deps);
  await save(kept, issued, deps);
  kept.succeeded(issued, clock.now());
  const times = { notAfter: iso(issued.notAfter), renewal: iso(kept.issueAt) };
  log.info({ hosts: kept.hosts, ...times }, 'acme: a certificate was issued');
}

async function order(kept: Kept, before: Progress | undefined, deps: WorkDeps): Promise<IssuedCertificate> {
  const { hosts, issued } = kept;
  const progress = before ?? { hosts: [...hosts], failures: [] };
  const request = { hosts, profile: deps.profile, replaces: issued?.renewalId };
  return await issue(request, before?.order, (placed) => deps.lock.saveProgress({ ...progress, order: placed }), {
    ...deps,
    client: await deps.client(),
  });
}

/** If it cannot be written, the order that is kept leads to the same certificate after the next start. */
async function save({ hosts }: Kept, issued: IssuedCertificate, { lock, log }: WorkDeps): Promise<void> {
  try {
    await lock.saveCertificate(issued);
    await lock.removeProgress();
  } catch (error) {
    // Another process has ordered it meanwhile, so this one is not used.
    if (error instanceof AcmeError && error.kind === 'taken') throw error;
    log.error({ hosts, reason: String(error) }, 'acme: a certificate was issued, but it cannot be kept');
  }
}

async function failed(kept: Kept, error: AcmeError, deps: RenewDeps, lock: CertificateLock | undefined): Promise<void> {
  const { clock, log } = deps;
  const { hosts } = kept;
  if (error.kind === 'away') {
    deps.isAway(error.message);
    return kept.wait(clock.now() + AWAY_WAIT, error.message);
  }
  if (error.kind === 'taken' || lock?.lost.aborted === true) {
    log.warn({ hosts }, 'acme: another process goes on with the certificate');
    return kept.isTaken(clock.now() + OTHERS_WAIT);
  }
  await noted(kept, error, deps, lock);
}

/** The CA has not given it. */
async function noted(kept: Kept, error: AcmeError, deps: RenewDeps, lock: CertificateLock | undefined): Promise<void> {
  const { state, clock, log, random } = deps;
  const { hosts, name } = kept;
  const now = clock.now();
  const before = await (lock?.progress() ?? state.progress(name)).catch(() => undefined);
  const progress = noteFailure(before ?? { hosts: [...hosts], failures: [] }, error, now, random());
  kept.failed(progress);
  const fields = { hosts, reason: error.message, retry: iso(progress.retryAt) };
  if (error.kind === 'local') log.error(fields, 'acme: a certificate could not be had');
  else log.warn(fields, 'acme: a certificate could not be had');
  await lock?.saveProgress(progress).catch((reason: unknown) => {
    log.error({ hosts, reason: String(reason) }, 'acme: the failure could not be noted');
  });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
