import type { Pool, PoolServer, Session, Stats } from '@inband/admin';
import { shortDuration, shortSize } from '../lines/values/short-numbers.ts';
import type { Palette } from '../lines/palette.ts';
import { safeSentence, safeWord } from '../lines/values/safe-text.ts';
import { type Column, tableLines } from './columns.ts';
import type { TopData, TopOrder } from './top-data.ts';

/** Where the view is shown. */
export interface Screen {
  readonly width: number;
  /** Lines; Infinity where it is printed once. */
  readonly height: number;
  readonly palette: Palette;
  /** Whether it shows block characters. */
  readonly hasBlocks: boolean;
}

/** The most lines of workers and of servers, so that something is left for sessions. */
const MOST_WORKERS = 8;
const MOST_SERVERS = 8;

/** The view as lines that fit the screen. */
export function topLines({ stats, pools, sessions }: TopData, order: TopOrder, screen: Screen): string[] {
  const { width, height, palette } = screen;
  const servers = pools.pools.flatMap(({ name, servers: of }) => of.map((server): Row => ({ pool: name, server })));
  const worst = servers.toSorted((a, b) => weight(b.server) - weight(a.server)).slice(0, MOST_SERVERS);
  const above = [
    ...summary(stats, screen),
    ...history(stats, screen),
    '',
    ...table(WORKERS, stats.workers.slice(0, MOST_WORKERS), screen),
    ...(servers.length === 0 ? [] : ['', ...table(SERVERS, worst, screen, ({ server }) => paint(palette, server))]),
    '',
    `${sessions.total} going on, by ${order.sort}${order.isReversed ? ', reversed' : ''}`.slice(0, width),
  ];
  const room = Math.max(height - above.length - 1, 0);
  const lines = [...above, ...table(SESSIONS, sessions.sessions.slice(0, room), screen)];
  const missing = [...new Set([...pools.missing, ...sessions.missing])];
  if (missing.length > 0) lines.push(palette.red(`no answer from worker ${missing.join(', ')}`.slice(0, width)));
  return lines.slice(0, height);
}

/** How it is going, in a few lines; what is not well in colour. */
function summary(stats: Stats, { width, palette }: Screen): string[] {
  const { at, uptime, version, rates, latency, workers, totals } = stats;
  const time = new Date(at).toISOString().slice(11, 19);
  const processes = workers.length === 1 ? '' : `, ${workers.length} processes`;
  const within = (text: string): string => text.slice(0, width);
  const problems = within(`errors ${rate(rates.errors)}, denied ${rate(rates.denials)}`);
  const isSound = rates.errors === 0 && rates.denials === 0;
  return [
    within(`inband ${version}, up ${shortDuration(uptime * 1_000)}${processes}, ${time} UTC`),
    within(`${rate(rates.requests)} requests, in ${shortSize(rates.bytesIn)}/s, out ${shortSize(rates.bytesOut)}/s`),
    isSound ? problems : palette[rates.errors > 0 ? 'red' : 'yellow'](problems),
    within(`took ${took(latency.p50)} (half), ${took(latency.p90)} (90%), ${took(latency.p99)} (99%)`),
    ...(totals.droppedLines > 0 ? [palette.red(within(`${totals.droppedLines} lines of the log dropped`))] : []),
  ];
}

function took(value: number | null): string {
  return value === null ? '-' : shortDuration(value);
}

/** `12/s`, and with a decimal below ten. */
function rate(value: number): string {
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)}/s`;
}

const BLOCKS = '▁▂▃▄▅▆▇█';

/** The requests of the last seconds, a character each. */
function history({ history: points }: Stats, { width, palette, hasBlocks }: Screen): string[] {
  if (!hasBlocks || points.length === 0) return [];
  const shown = points.slice(-Math.min(width, 120));
  const most = Math.max(1, ...shown.map(({ requests }) => requests));
  const block = (requests: number): string =>
    requests === 0 ? ' ' : (BLOCKS[Math.min(BLOCKS.length - 1, Math.floor((requests / most) * BLOCKS.length))] ?? ' ');
  return [palette.green(shown.map(({ requests }) => block(requests)).join(''))];
}

/** A table whose titles are dim; `painted` gives a row its colour. */
function table<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  { width, palette }: Screen,
  painted: (row: R) => (line: string) => string = () => (line) => line,
): string[] {
  const [titles = '', ...lines] = tableLines(columns, rows, width);
  return [palette.dim(titles), ...lines.map((line, index) => paintedLine(line, rows[index], painted))];
}

function paintedLine<R>(line: string, row: R | undefined, painted: (row: R) => (line: string) => string): string {
  return row === undefined ? line : painted(row)(line);
}

type Worker = Stats['workers'][number];

const WORKERS: readonly Column<Worker>[] = [
  { title: 'WORKER', text: ({ worker }) => worker, most: 12, rank: 0 },
  { title: 'PID', text: ({ pid }) => String(pid), most: 8, rank: 2, isNumber: true },
  { title: 'STATE', text: ({ state }) => state, most: 8, rank: 0 },
  { title: 'MEMORY', text: ({ memory }) => shortSize(memory), most: 9, rank: 1, isNumber: true },
  { title: 'LATE', text: ({ loopDelay }) => shortDuration(loopDelay), most: 9, rank: 1, isNumber: true },
];

/** A server and the pool that it is in. */
interface Row {
  readonly pool: Pool['name'];
  readonly server: PoolServer;
}

const SERVERS: readonly Column<Row>[] = [
  { title: 'SERVER', text: ({ server }) => safeWord(server.address), most: 40, rank: 0 },
  { title: 'STATE', text: ({ server }) => server.state, most: 8, rank: 0 },
  { title: 'SESSIONS', text: ({ server }) => String(server.inFlight), most: 9, rank: 1, isNumber: true },
  { title: 'CONNECT', text: ({ server }) => connectTime(server), most: 9, rank: 3, isNumber: true },
  { title: 'POOL', text: ({ pool }) => pool, most: 40, rank: 4 },
  { title: 'WHY', text: ({ server }) => (server.why === null ? '' : safeSentence(server.why)), most: 60, rank: 2 },
];

function connectTime({ latency }: PoolServer): string {
  return latency === null ? '-' : shortDuration(latency.average);
}

/** Servers that are not well come first, then those with the most sessions. */
function weight({ state, inFlight }: PoolServer): number {
  return (state === 'up' ? 0 : 1e9) + inFlight;
}

function paint(palette: Palette, { state }: PoolServer): (line: string) => string {
  if (state === 'down') return (line) => palette.red(line);
  return state === 'up' ? (line) => line : (line) => palette.yellow(line);
}

const SESSIONS: readonly Column<Session>[] = [
  { title: 'CLIENT', text: ({ client }) => safeWord(client), most: 45, rank: 0 },
  { title: 'METHOD', text: ({ method }) => safeWord(method), most: 8, rank: 3 },
  { title: 'TARGET', text: ({ target }) => safeWord(target), most: 60, rank: 0 },
  { title: 'STATE', text: ({ state }) => state, most: 10, rank: 4 },
  { title: 'SERVER', text: ({ server }) => safeWord(server), most: 45, rank: 5 },
  { title: 'IN', text: ({ requestBytes }) => shortSize(requestBytes), most: 9, rank: 2, isNumber: true },
  { title: 'OUT', text: ({ responseBytes }) => shortSize(responseBytes), most: 9, rank: 1, isNumber: true },
  { title: 'TIME', text: ({ seconds }) => shortDuration(seconds * 1_000), most: 8, rank: 0, isNumber: true },
];
