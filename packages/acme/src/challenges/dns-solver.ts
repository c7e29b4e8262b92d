import { createHash } from 'node:crypto';
import { AcmeError, closedError } from '../base/acme-error.ts';
import type { AcmeLog } from '../base/log.ts';
import type { ChallengeTask, Solver } from './solver.ts';

/** Writes TXT records where the names of hosts are served. */
export interface DnsRecords {
  /** Adds a TXT record. Resolves when the servers of the zone answer with it. Others of the same name stay. */
  addText(name: string, value: string, signal: AbortSignal): Promise<void>;
  /** Removes the record with this value. */
  removeText(name: string, value: string, signal: AbortSignal): Promise<void>;
}

/** Milliseconds until a record is there, with the time that a zone needs to be everywhere. */
const ADD_TIMEOUT = 300_000;
const REMOVE_TIMEOUT = 30_000;

/** Answers dns-01 (RFC 8555 section 8.4), the only challenge by which wildcards can be had. */
export class DnsSolver implements Solver {
  readonly type = 'dns-01';
  readonly #records: DnsRecords;
  readonly #log: AcmeLog;

  constructor(records: DnsRecords, log: AcmeLog) {
    this.#records = records;
    this.#log = log;
  }

  async present(task: ChallengeTask, signal: AbortSignal): Promise<void> {
    const { name, value } = recordOf(task);
    const limit = AbortSignal.timeout(ADD_TIMEOUT);
    try {
      await orAborted(this.#records.addText(name, value, AbortSignal.any([signal, limit])), signal, limit);
    } catch (error) {
      if (signal.aborted) throw closedError();
      const reason = limit.aborted ? `not within ${String(ADD_TIMEOUT / 1000)} s` : messageOf(error);
      throw new AcmeError('local', `The TXT record ${name} could not be added: ${reason}.`, { cause: error });
    }
  }

  async remove(task: ChallengeTask): Promise<void> {
    const { name, value } = recordOf(task);
    const limit = AbortSignal.timeout(REMOVE_TIMEOUT);
    try {
      await orAborted(this.#records.removeText(name, value, limit), limit);
    } catch (error) {
      this.#log.warn({ name, reason: messageOf(error) }, 'acme: a TXT record of a challenge was not removed');
    }
  }
}

/** What `work` resolves with, unless a signal comes first: a plugin may not look at the one it is given. */
async function orAborted(work: Promise<void>, ...signals: AbortSignal[]): Promise<void> {
  const signal = AbortSignal.any(signals);
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function recordOf({ host, keyAuthorization }: ChallengeTask): { readonly name: string; readonly value: string } {
  return {
    name: `_acme-challenge.${host}`,
    value: createHash('sha256').update(keyAuthorization).digest('base64url'),
  };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/u, '');
}
