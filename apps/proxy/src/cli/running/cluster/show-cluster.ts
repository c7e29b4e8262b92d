import type { Cluster, ClusterSessions, Pools } from '@inband/admin';
import { sessionsPath } from '../../../top/top-data.ts';
import { askRunning } from '../ask-running.ts';
import type { ClusterCommand, ServerCommand } from './cluster-arguments.ts';
import { clusterLines, sessionLines } from './cluster-lines.ts';

/** Milliseconds for each answer. */
const SOON = 10_000;
/** The most sessions that are asked for. */
const MOST = 200;
/** The width where there is no terminal. */
const PAGE = 160;
/** Exit statuses, for scripts. */
const STATUSES: Readonly<Record<Cluster['status'], number>> = { well: 0, stale: 3, away: 4 };

/** Prints what the running program knows of its cluster. Resolves with the exit status. */
export async function showCluster(command: ClusterCommand): Promise<number> {
  return command.show === 'status' ? showStatus(command) : showSessions(command);
}

async function showStatus({ config, json }: ClusterCommand): Promise<number> {
  const { body } = await askRunning(config, { method: 'GET', path: '/cluster', timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const cluster = body as Cluster;
  print(json, cluster, (width) => clusterLines(cluster, width, Date.now()));
  return STATUSES[cluster.status];
}

async function showSessions({ config, sort = 'seconds', json }: ClusterCommand): Promise<number> {
  const path = `/cluster${sessionsPath({ sort, isReversed: false }, MOST)}`;
  const { body } = await askRunning(config, { method: 'GET', path, timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const sessions = body as ClusterSessions;
  print(json, sessions, (width) => sessionLines(sessions, width));
  return 0;
}

/** Takes a server out, or back in. Resolves with the exit status: 4 if all members were to get it and do not. */
export async function orderServer({ order, pool, address, config, everywhere }: ServerCommand): Promise<number> {
  const server = `/pools/${encodeURIComponent(pool)}/servers/${encodeURIComponent(address)}`;
  const path = `${server}/${order}${everywhere ? '?everywhere=true' : ''}`;
  const { body } = await askRunning(config, { method: 'POST', path, timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const { pools, everywhere: outcome } = body as Pools;
  const found = pools.find(({ name }) => name === pool)?.servers.find((one) => one.address === address);
  const detail = outcome === undefined ? '' : ` ${outcome.detail}`;
  process.stdout.write(`${address}: ${found?.state ?? 'gone'}.${detail}\n`);
  return outcome?.told === false ? STATUSES.away : 0;
}

function print(json: true | undefined, answer: unknown, lines: (width: number) => string[]): void {
  const { stdout } = process;
  if (json === true) stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
  else stdout.write(`${lines(stdout.isTTY ? stdout.columns : PAGE).join('\n')}\n`);
}
