import { parseSockAddr } from '../values/bind.ts';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { type PluginUse, servicesOf } from '../plugins/plugin-uses.ts';
import { records } from '../problem/written.ts';

const CONDITIONS = ['clients', 'servers', 'users', 'groups', 'ports'];

/** Rules that come after one that translates every server. */
export function checkNat(path: ConfigPath, nat: unknown): Problem[] {
  const rules = records(nat).filter(([, { dnat }]) => isRecord(dnat));
  const last = rules.findIndex(([, { dnat }]) => takesEverything(dnat));
  return (last === -1 ? [] : rules.slice(last + 1)).map(([index]): Problem => {
    const message = 'this rule is never reached: a dnat rule before it translates every server.';
    return { path: [...path, index, 'dnat'], at: 'key', warning: true, message };
  });
}

/** Rules with a NAT64 prefix or a network do not, because these are conditions too. */
function takesEverything(dnat: unknown): boolean {
  if (!isRecord(dnat) || CONDITIONS.some((condition) => condition in dnat)) return false;
  return 'to' in dnat || 'pool' in dnat;
}

/** Warns about chainers that forge addresses in services with a listener on a unix socket, because its clients have none. */
export function checkForging({ listeners }: Record<string, unknown>, uses: readonly PluginUse[]): Problem[] {
  // The first of each service.
  const onSockets = new Map<unknown, number>();
  for (const [index, { bind, service }] of records(listeners)) {
    const isSocket = typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix';
    if (isSocket && !onSockets.has(service)) onSockets.set(service, index);
  }
  return uses
    .filter(({ options }) => options.forgeAddr === true)
    .flatMap((use) => {
      const { path } = use;
      const indices = servicesOf(use).flatMap((service) => onSockets.get(service) ?? []);
      const [listener] = indices.toSorted((a, b) => a - b);
      if (listener === undefined) return [];
      const message = `requests from listeners[${listener}] fail here: clients of a unix socket have no address to connect from.`;
      return [{ path: [...path, 'forgeAddr'], warning: true, message }];
    });
}
