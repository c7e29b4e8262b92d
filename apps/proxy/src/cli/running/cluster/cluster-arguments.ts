import { SORTS, type TopSort } from '../../../top/top-data.ts';
import { UsageError } from '../../usage/usage-error.ts';

/** Something that is asked of the cluster of the running program. */
export interface ClusterCommand {
  readonly name: 'cluster';
  readonly show: 'status' | 'sessions';
  readonly config: string | undefined;
  /** Of sessions. Default: by age. */
  readonly sort?: TopSort;
  readonly json?: true;
}

/** An order for a server of a pool. */
export interface ServerCommand {
  readonly name: 'server';
  readonly order: ServerOrderWord;
  readonly pool: string;
  readonly address: string;
  readonly config: string | undefined;
  /** On all members of the cluster. */
  readonly everywhere: boolean;
}

export const CLUSTER_WORDS = ['status', 'sessions'] as const;
export const SERVER_WORDS = ['drain', 'down', 'up'] as const;
type ServerOrderWord = (typeof SERVER_WORDS)[number];

interface Values {
  readonly config?: string;
  readonly sort?: string;
  readonly json?: true;
  readonly everywhere?: true;
}

/** Throws a {@link UsageError}. */
export function clusterCommand([word, surplus]: readonly string[], { config, sort, json }: Values): ClusterCommand {
  const show = CLUSTER_WORDS.find((one) => one === word);
  if (show === undefined) throw new UsageError(`cluster shows ${CLUSTER_WORDS.join(' or ')}: inband cluster status`);
  if (surplus !== undefined)
    throw new UsageError(`"${surplus}" is one argument too many; a file is named with --config.`);
  if (sort !== undefined && show === 'status') throw new UsageError('--sort is for cluster sessions.');
  const known = sortNamed(sort);
  return { name: 'cluster', show, config, ...(known !== undefined && { sort: known }), ...(json === true && { json }) };
}

/** By what sessions are to be sorted. Throws a {@link UsageError} for what they cannot be sorted by. */
export function sortNamed(sort: string | undefined): TopSort | undefined {
  const sorts = Object.values(SORTS);
  const known = sorts.find((one) => one === sort);
  if (sort !== undefined && known === undefined)
    throw new UsageError(`--sort is one of ${sorts.join(', ')}, found ${JSON.stringify(sort)}.`);
  return known;
}

/** Throws a {@link UsageError}. */
export function serverCommand(
  [word, pool, address, surplus]: readonly string[],
  { config, everywhere = false }: { readonly config?: string; readonly everywhere?: boolean },
): ServerCommand {
  const order = SERVER_WORDS.find((one) => one === word);
  if (order === undefined || pool === undefined || address === undefined)
    throw new UsageError(
      `server takes ${SERVER_WORDS.join(', ')}, a pool and one of its servers: inband server drain services.web.routes[0].chainer 10.0.0.1:80`,
    );
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many; an order is for one server.`);
  return { name: 'server', order, pool, address, config, everywhere };
}
