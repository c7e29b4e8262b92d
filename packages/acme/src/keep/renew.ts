import { type AcmeError, toAcmeError } from '../base/acme-error.ts';
import { issue } from '../issue/issue.ts';
import type { IssueDeps } from '../issue/issue-deps.ts';
import type { Progress, StateFolder } from '../state/state-folder.ts';
import type { IssuedCertificate } from '../x509/issued-certificate.ts';
import { noteFailure } from './back-off.ts';
import type { Kept } from './kept.ts';
import { renewalTime } from './schedule.ts';

/** Milliseconds after which it is looked whether another process is done with a certificate. */
const OTHERS_WAIT = 30_000;

export interface RenewDeps extends IssueDeps {
  readonly state: StateFolder;
  readonly profile: string | undefined;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Gets a new certificate, unless another process has done so, or is about to. What comes of it is noted in `kept`. Never rejects. */
export async function renew(kept: Kept, deps: RenewDeps): Promise<void> {
  const { state, clock, signal } = deps;
  try {
    const lock = await state.lock(kept.name);
    if (lock === undefined) return kept.wait(clock.now() + OTHERS_WAIT);
    try {
      await renewAlone(kept, deps);
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!signal.aborted) await fail(kept, toAcmeError(error), deps);
  }
}

async function renewAlone(kept: Kept, deps: RenewDeps): Promise<void> {
  const { state, clock, log } = deps;
  const found = await state.certificate(kept.name);
  if (found !== undefined && found.sha256 !== kept.issued?.sha256 && renewalTime(found, undefined) > clock.now()) {
    log.info({ hosts: kept.hosts }, 'acme: another process has got the certificate');
    return kept.succeeded(found, clock.now());
  }
  const before = await state.progress(kept.name);
  if ((before?.limitedUntil ?? 0) > clock.now()) return kept.wait(before?.limitedUntil ?? 0, before?.error);
  const issued = await order(kept, before, deps);
  kept.succeeded(issued, clock.now());
  await save(kept, issued, deps);
  const times = { notAfter: iso(issued.notAfter), renewal: iso(kept.issueAt) };
  log.info({ hosts: kept.hosts, ...times }, 'acme: a certificate was issued');
}

async function order(kept: Kept, before: Progress | undefined, deps: RenewDeps): Promise<IssuedCertificate> {
  const { hosts, name, issued } = kept;
  const progress = before ?? { hosts: [...hosts], failures: [] };
  const request = { hosts, profile: deps.profile, replaces: issued?.renewalId };
  return await issue(
    request,
    before?.order,
    (placed) => deps.state.saveProgress(name, { ...progress, order: placed }),
    deps,
  );
}

/** If it cannot be written, the order that is kept leads to the same certificate after the next start. */
async function save({ name, hosts }: Kept, issued: IssuedCertificate, { state, log }: RenewDeps): Promise<void> {
  try {
    await state.saveCertificate(name, issued);
    await state.removeProgress(name);
  } catch (error) {
    log.error(
      { hosts, reason: String(error) },
      'acme: a certificate was issued, but the state folder cannot be written',
    );
  }
}

async function fail(kept: Kept, error: AcmeError, deps: RenewDeps): Promise<void> {
  const { state, clock, log, random } = deps;
  const { hosts, name } = kept;
  const now = clock.now();
  const before = await state.progress(name).catch(() => undefined);
  const progress = noteFailure(before ?? { hosts: [...hosts], failures: [] }, error, now, random());
  kept.failed(progress);
  const fields = { hosts, reason: error.message, retry: iso(progress.retryAt) };
  if (error.kind === 'local') log.error(fields, 'acme: a certificate could not be had');
  else log.warn(fields, 'acme: a certificate could not be had');
  await state.saveProgress(name, progress).catch((reason: unknown) => {
    log.error({ hosts, reason: String(reason) }, 'acme: the state folder cannot be written');
  });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
