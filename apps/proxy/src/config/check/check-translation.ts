import { parseSockAddr } from '../schema/bind.ts';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { records } from './written.ts';

const CONDITIONS = ['clients', 'servers', 'ports'];

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

/** Clients of a unix socket have no address to forge. */
export function checkForging(name: string, service: Record<string, unknown>, listeners: unknown): Problem[] {
  const [listener] = records(listeners).filter(
    ([, { bind, service: used }]) =>
      used === name && typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix',
  );
  if (listener === undefined) return [];
  const message = `requests from listeners[${listener[0]}] fail here: clients of a unix socket have no address to connect from.`;
  return records(service.routes)
    .filter(([, { chainer }]) => isRecord(chainer) && chainer.forgeAddr === true)
    .map(([index]): Problem => {
      return { path: ['services', name, 'routes', index, 'chainer', 'forgeAddr'], warning: true, message };
    });
}
