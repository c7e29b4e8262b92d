import type { Cluster, ClusterMember } from '@inband/admin';
import { MISSED_BEATS } from '../missed-beats.ts';

/** Milliseconds by which a clock may differ from that of the store: tokens and certificates are judged by it. */
const MOST_CLOCK = 5_000;
/** Reasons that are told at most; a cluster of a thousand may have as many. */
const MOST = 100;

/** What is known of others stands beside it, as it was last known. */
const ALONE = 'only this member is known';

/** Why a cluster is not well, one sentence each. */
export function reasonsOf(
  store: Cluster['store'],
  members: readonly ClusterMember[],
  { canary, unread, now }: { readonly canary: Cluster['canary']; readonly unread: number; readonly now: number },
): string[] {
  const reasons = [
    ...storeReasons(store, unread),
    ...members.filter(({ state }) => state === 'here').flatMap((member) => reasonsOfMember(member, canary, now)),
  ];
  if (reasons.length <= MOST) return reasons;
  return [...reasons.slice(0, MOST), `And ${reasons.length - MOST} more.`];
}

function storeReasons({ status, address, since, why }: Cluster['store'], unread: number): string[] {
  if (status === 'here') return [];
  const when = since === null ? '' : ` since ${since}`;
  return [
    `The store ${address} is away${when}${why === null ? '' : `: ${sentence(why)}`}; ${ALONE}${unread === 0 ? '' : `, and of ${unread} more only that they lived`}.`,
  ];
}

function reasonsOfMember(member: ClusterMember, canary: Cluster['canary'], now: number): string[] {
  const { name, stale, clock, lag } = member;
  const reasons = stale.map(({ what, since, why }) => {
    const when = what === 'name' ? '' : ` ${what} as of ${ago(since, now)}:`;
    return `${name}:${when} ${sentence(why)}.`;
  });
  const configuration = configurationReason(member, canary);
  if (configuration !== undefined) reasons.push(configuration);
  if (clock !== null && Math.abs(clock) > MOST_CLOCK) {
    const direction = clock > 0 ? 'ahead of' : 'behind';
    reasons.push(`${name}: its clock is ${Math.round(Math.abs(clock) / 1_000)} s ${direction} that of the store.`);
  }
  if (lag !== null && lag * 1_000 > MISSED_BEATS) reasons.push(`${name} has not beaten for ${Math.round(lag)} s.`);
  return reasons;
}

/** Members that try a canary run another version because they are to. */
function configurationReason({ name, configuration }: ClusterMember, canary: Cluster['canary']): string | undefined {
  const { running, wanted, error } = configuration;
  if (running === wanted && error === null) return undefined;
  if (canary !== null && running === canary.version && canary.members.includes(name)) return undefined;
  const why = error === null ? '' : `: ${sentence(error)}`;
  return `${name} runs ${nameOf(running)}, and ${wanted === null ? nameOf(wanted) : wanted} is wanted${why}.`;
}

function nameOf(version: string | null): string {
  return version === null ? 'its own configuration' : `configuration ${version}`;
}

function ago(since: string, now: number): string {
  return `${Math.max(0, Math.round((now - Date.parse(since)) / 1_000))} s ago`;
}

/** What somebody else has said, within a sentence. */
function sentence(text: string): string {
  return text.replace(/\.$/, '');
}
