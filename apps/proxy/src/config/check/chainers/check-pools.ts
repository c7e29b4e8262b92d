import { type PluginUse, servicesOf } from '../../plugins/plugin-uses.ts';
import { isRecord, type Problem, valueAt } from '../../problem/problem.ts';

const QUEUE = 'this has no effect: nobody waits while neither the pool nor one of its servers has "maxConnections".';

/** Warns about settings of pools that have no effect, or another one than was meant. */
export function checkPools(config: unknown, uses: readonly PluginUse[]): Problem[] {
  const pools = uses.filter(({ provides, type }) => provides === 'chainer' && (type === 'pool' || type === 'parent'));
  return pools.flatMap((pool) => [...checkQueue(pool), ...checkSticky(config, pool)]);
}

function checkQueue({ path, options }: PluginUse): Problem[] {
  const { queue, maxConnections, servers } = options;
  if (queue === undefined || maxConnections !== undefined || mayBeLimited(servers)) return [];
  return [{ path: [...path, 'queue'], at: 'key', warning: true, message: QUEUE }];
}

/** Whether a server has a limit. Those that are found later may have one. */
function mayBeLimited(servers: unknown): boolean {
  if (!Array.isArray(servers)) return false;
  return servers.some(
    (entry: unknown) =>
      isRecord(entry) && (entry.maxConnections !== undefined || entry.file !== undefined || entry.type !== undefined),
  );
}

/** In mode forward the answers are those of sites that clients ask for. */
function checkSticky(config: unknown, use: PluginUse): Problem[] {
  if (use.options.sticky === undefined) return [];
  const [service] = servicesOf(use).filter((name) => valueAt(config, ['services', name, 'mode']) === 'forward');
  if (service === undefined) return [];
  const message =
    `clients of the service "${service}" get this cookie from every site that they ask for, because its mode is forward: ` +
    '"balance: { hash: client }" keeps each at a server without one.';
  return [{ path: [...use.path, 'sticky'], at: 'key', warning: true, message }];
}
