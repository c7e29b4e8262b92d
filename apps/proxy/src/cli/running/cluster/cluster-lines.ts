import type { Cluster, ClusterMember, ClusterSession, ClusterSessions } from '@inband/admin';
import { shortDuration, shortSize } from '../../../lines/values/short-numbers.ts';
import { safeSentence, safeWord } from '../../../lines/values/safe-text.ts';
import { type Column, tableLines } from '../../../top/columns.ts';

/** How a cluster is, as lines of at most `width` places, but for sentences. `now`: as of `Date.now`. */
export function clusterLines(cluster: Cluster, width: number, now: number): string[] {
  const { name, member, status, reasons, members, unread, canary, revoked, orders } = cluster;
  const count = unread + members.filter(({ state }) => state !== 'gone').length;
  return [
    `${safeWord(name)}: ${status}, ${count === 1 ? '1 member' : `${count} members`}; this is ${safeWord(member)}`,
    storeLine(cluster, now),
    ...reasons.map((reason) => `! ${safeSentence(reason)}`),
    ...(canary === null ? [] : [canaryLine(canary)]),
    ...(revoked === 0 ? [] : [`revoked: ${revoked === 1 ? '1 token' : `${revoked} tokens`} (GET /revoked)`]),
    '',
    ...tableLines(columnsAt(now), members, width),
    ...(orders.length === 0 ? [] : ['', ...tableLines(ORDERS, orders, width)]),
  ];
}

function storeLine({ store, asOf }: Cluster, now: number): string {
  const { type, address, status, since, calls, failures, latency } = store;
  if (type === 'memory') return `store ${address}`;
  const when = since === null ? '' : ` for ${age(since, now)}`;
  const read = status === 'here' || asOf === null ? '' : `; members as of ${asOf}`;
  const took = latency === null ? '' : `, ${shortDuration(latency)} each`;
  return `store ${type} ${safeSentence(address)}: ${status}${when}, ${calls} calls, ${failures} failed${took}${read}`;
}

function canaryLine({ version, members, since, by }: NonNullable<Cluster['canary']>): string {
  return `canary: configuration ${version} since ${since} by ${safeSentence(by)}, on ${safeSentence(members.join(', '))}`;
}

function columnsAt(now: number): readonly Column<ClusterMember>[] {
  return [
    { title: 'MEMBER', text: ({ name }) => safeWord(name), most: 40, rank: 0 },
    { title: 'STATE', text: ({ state }) => state, most: 8, rank: 0 },
    { title: 'VERSION', text: ({ version }) => safeWord(version ?? ''), most: 16, rank: 1 },
    {
      title: 'UP',
      text: ({ started }) => (started === null ? '-' : age(started, now)),
      most: 9,
      rank: 5,
      isNumber: true,
    },
    { title: 'WORKERS', text: ({ workers }) => some(workers), most: 7, rank: 6, isNumber: true },
    { title: 'CONFIGURATION', text: ({ configuration }) => configurationText(configuration), most: 24, rank: 0 },
    { title: 'CLIENTS', text: ({ connections }) => some(connections), most: 9, rank: 3, isNumber: true },
    { title: 'REQ/S', text: ({ requests }) => some(requests), most: 9, rank: 2, isNumber: true },
    { title: 'CLOCK', text: ({ clock }) => clockText(clock), most: 9, rank: 4, isNumber: true },
    {
      title: 'BEAT',
      text: ({ lag }) => (lag === null ? '-' : shortDuration(lag * 1_000)),
      most: 9,
      rank: 0,
      isNumber: true,
    },
    { title: 'STALE', text: ({ stale }) => stale.map(({ what }) => what).join(',') || '-', most: 40, rank: 0 },
  ];
}

function configurationText({ running, wanted }: ClusterMember['configuration']): string {
  const here = running ?? 'own';
  return running === wanted ? here : `${here}, not ${wanted}`;
}

function clockText(clock: number | null): string {
  if (clock === null) return '-';
  return `${clock < 0 ? '-' : '+'}${shortDuration(Math.abs(clock))}`;
}

function some(value: number | null): string {
  return value === null ? '-' : String(Math.round(value * 10) / 10);
}

function age(since: string, now: number): string {
  return shortDuration(Math.max(0, now - Date.parse(since)));
}

const ORDERS: readonly Column<Cluster['orders'][number]>[] = [
  { title: 'SERVER', text: ({ address }) => safeWord(address), most: 45, rank: 0 },
  { title: 'ORDER', text: ({ order }) => order, most: 5, rank: 0 },
  { title: 'BY', text: ({ by, member }) => safeSentence(`${by} on ${member}`), most: 40, rank: 1 },
  { title: 'AT', text: ({ at }) => at, most: 24, rank: 2 },
  { title: 'POOL', text: ({ pool }) => safeSentence(pool), most: 60, rank: 0 },
];

/** What is going on on all members. */
export function sessionLines({ sessions, total, members, missing, why }: ClusterSessions, width: number): string[] {
  const all = members.reduce((sum, one) => sum + one.sessions, 0);
  const known = members.length === 1 ? '1 member' : `${members.length} members`;
  return [
    `${sessions.length} of ${total} that match; ${all} in all on ${known}`,
    ...(why === null ? [] : [`! ${safeSentence(why)}`]),
    ...(missing.length === 0 ? [] : [`! Told nothing: ${safeSentence(missing.join(', '))}.`]),
    '',
    ...tableLines(SESSIONS, sessions, width),
  ];
}

const SESSIONS: readonly Column<ClusterSession>[] = [
  { title: 'MEMBER', text: ({ member }) => safeWord(member), most: 30, rank: 0 },
  { title: 'CLIENT', text: ({ client }) => safeWord(client), most: 45, rank: 0 },
  { title: 'METHOD', text: ({ method }) => safeWord(method), most: 8, rank: 3 },
  { title: 'TARGET', text: ({ target }) => safeWord(target), most: 60, rank: 0 },
  { title: 'STATE', text: ({ state }) => safeWord(state), most: 10, rank: 4 },
  { title: 'SERVER', text: ({ server }) => safeWord(server), most: 45, rank: 5 },
  { title: 'AGE', text: ({ seconds }) => shortDuration(seconds * 1_000), most: 9, rank: 1, isNumber: true },
  { title: 'IN', text: ({ requestBytes }) => shortSize(requestBytes), most: 9, rank: 2, isNumber: true },
  { title: 'OUT', text: ({ responseBytes }) => shortSize(responseBytes), most: 9, rank: 2, isNumber: true },
  { title: 'ID', text: ({ id }) => safeWord(id), most: 24, rank: 6 },
];
