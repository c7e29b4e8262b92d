import {
  type Carrier,
  type Chainer,
  connectByNameThrough,
  type EstablishConnection,
  establishThrough,
  type MadeNotices,
} from '@inband/core';
import { madeBy } from '../../config/plugins/made-by.ts';
import { formatPath } from '../../config/problem/problem.ts';
import type { Planned } from '../plan/planned.ts';
import { ChainerLogger } from './chainer-deps/chainer-logger.ts';
import type { BuildDeps, Make, Maker } from './made.ts';
import { OwnDeps } from './chainer-deps/own-deps.ts';

export const makeChainer: Make<'chainer'> = (planned, maker) => {
  const { hash, path, place, value } = planned;
  const { deps, get, proxies } = maker;
  const plugin = deps.registry.chainer(value.type);
  if (plugin === undefined) throw new Error(`There is no chainer "${value.type}".`);
  const resolver = get(value.resolver);
  // Got before `create`, so that this chainer is not made if one of them could not be made.
  const nested = nestedIn(planned, maker);
  // Got here, because the chainer may outlive the configuration with which it was made, and must not hold on to that.
  const table = value.zones && get(value.zones).zones;
  const serverTls = value.serverTls && get(value.serverTls);
  const carriers = carriersIn(planned, maker);
  const carrier = value.through && get(value.through).carrier;
  const { forgeAddrProblem, ticketKeys } = deps;
  const notices = deps.notices?.of(hash);
  const logger = new ChainerLogger(deps.logger, value.type, path);
  const chainerDeps = new OwnDeps(plugin.kind, table, {
    establishConnection: wayOf(plugin.serverChosenBy ?? 'client', carrier, deps),
    establishFor:
      carrier === undefined ? deps.establisher : (serverChosenBy) => establishThrough(carrier, serverChosenBy),
    connectByName: carrier && connectByNameThrough(carrier, plugin.serverChosenBy ?? 'client'),
    resolver,
    place,
    logger,
    proxies,
    serverTls,
    ownKey: ticketKeys && (() => ticketKeys.current.own),
    idleConnections: deps.idleConnections,
    notices,
    nestedChainer(option, index) {
      const found = nested.get(placeOf(option, index));
      if (found !== undefined) return found;
      const at = formatPath([...path, option, ...(index === undefined ? [] : [index])]);
      throw new Error(`the chainer "${plugin.kind}" has no chainer nested at ${at}.`);
    },
    discovery(option, index) {
      const found = value.discoveries[placeOf(option, index)];
      const discovers = found === undefined ? undefined : deps.registry.discovery(found.type);
      if (found === undefined || discovers === undefined) {
        throw new Error(`the chainer "${plugin.kind}" has no discovery at ${placeOf(option, index)}.`);
      }
      const made = discovers.create(found.options, { logger, baseDirectory: found.baseDirectory });
      return madeBy(discovers, made, ['servers']);
    },
    carrier(option) {
      const found = carriers.get(option);
      if (found !== undefined) return found;
      throw new Error(`the chainer "${plugin.kind}" carries nothing at ${formatPath([...path, option])}.`);
    },
    forgeAddrProblem: () => forgeAddrProblem([...path, 'forgeAddr']),
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the plugin itself has prepared
  const made = plugin.create(value.options, chainerDeps, deps.prepared.get(place) as undefined);
  const chainer = madeBy(plugin, made, ['connectServer']);
  if (notices !== undefined) noticesOf.set(chainer, notices);
  return chainer;
};

const noticesOf = new WeakMap<Chainer, MadeNotices>();

/** A chainer that is closed hears of other workers no more. */
export function endNotices(chainer: Chainer): void {
  noticesOf.get(chainer)?.close();
}

/** How the chainer gets to its servers: by itself, or through another one. */
function wayOf(
  serverChosenBy: 'client' | 'operator',
  carrier: Carrier | undefined,
  { establisher }: BuildDeps,
): EstablishConnection {
  return carrier === undefined ? establisher(serverChosenBy) : establishThrough(carrier, serverChosenBy);
}

const NOTHING_NESTED: ReadonlyMap<string, Chainer> = new Map();

/** By the option. */
function carriersIn({ value }: Planned<'chainer'>, { get }: Maker): ReadonlyMap<string, Chainer> {
  const entries = Object.entries(value.carriers);
  return entries.length === 0 ? NOTHING_NESTED : new Map(entries.map(([option, ref]) => [option, get(ref)]));
}

/** By {@link placeOf}. */
function nestedIn({ value }: Planned<'chainer'>, { get }: Maker): ReadonlyMap<string, Chainer> {
  const entries = Object.entries(value.nested);
  if (entries.length === 0) return NOTHING_NESTED;
  const nested = new Map<string, Chainer>();
  for (const [option, refs] of entries) {
    if ('kind' in refs) nested.set(placeOf(option), get(refs));
    else for (const [index, ref] of refs.entries()) nested.set(placeOf(option, index), get(ref));
  }
  return nested;
}

function placeOf(option: string, index?: number): string {
  return index === undefined ? option : `${option}[${index}]`;
}
