import { isOnThisMachine } from '@inband/core';
import { type ConfigPath, isRecord, type Problem } from '../../problem/problem.ts';
import { records } from '../../problem/written.ts';
import { parseSockAddr } from '../../values/bind.ts';

/** What clients send by these ways is what they log in by, word for word. */
const SHOWN: Readonly<Record<string, string>> = { basic: 'passwords', token: 'tokens', bearer: 'tokens' };

/** Of each service its first listener to which clients speak in the clear over a network, by its index. */
export function cleartextListeners(listeners: unknown): ReadonlyMap<unknown, number> {
  const open = new Map<unknown, number>();
  for (const [index, listener] of records(listeners)) {
    if (!open.has(listener.service) && isInTheClear(listener)) open.set(listener.service, index);
  }
  return open;
}

/**
 * Warns about ways to authenticate by which secrets can be read on the network. `path` is the place of the service, `listener` what
 * {@link cleartextListeners} has for it.
 */
export function checkCleartext(path: ConfigPath, auth: unknown, listener: number | undefined): Problem[] {
  if (listener === undefined) return [];
  const ways: (readonly [ConfigPath, unknown])[] = Array.isArray(auth)
    ? auth.map((way: unknown, index) => [[...path, 'auth', index, 'type'], way] as const)
    : [[[...path, 'auth', 'type'], auth]];
  return ways.flatMap(([at, way]) => {
    const secrets = isRecord(way) && typeof way.type === 'string' ? SHOWN[way.type] : undefined;
    if (secrets === undefined) return [];
    const message = `${secrets} go over the network in the clear to listeners[${listener}], and whoever reads them there can use them; give that listener "tls".`;
    return [{ path: at, warning: true, message }];
  });
}

/** A socket of systemd may be bound anywhere; only its unit says where. */
function isInTheClear({ bind, tls }: Record<string, unknown>): boolean {
  const address = typeof bind === 'string' ? parseSockAddr(bind) : undefined;
  return address !== undefined && tls === undefined && !isOnThisMachine(address);
}
