import {
  type AddressZones,
  type Carrier,
  type Chainer,
  type ChainerDeps,
  connectByNameThrough,
  establishThrough,
  type Logger,
  type MadeNotices,
} from '@inband/core';
import { formatPath } from '../../config/problem/problem.ts';
import { childLogger } from '../../log/logging.ts';
import type { Planned } from '../plan/planned.ts';
import type { BuildDeps, Make, Maker } from './made.ts';

/** `services`, its name, `routes`, its index. */
const ROUTE_DEPTH = 4;

export const makeChainer: Make<'chainer'> = (planned, maker) => {
  const { hash, path, value } = planned;
  const { deps, get, proxies } = maker;
  const plugin = deps.registry.chainer(value.type);
  if (plugin === undefined) throw new Error(`There is no chainer "${value.type}".`);
  const resolver = get(value.resolver);
  // Got before `create`, so that this chainer is not made if one of them could not be made.
  const nested = nestedIn(planned, maker);
  // Got here, because the chainer may outlive the configuration with which it was made, and must not hold on to that.
  const table = value.zones && get(value.zones).zones;
  const serverTls = value.serverTls && get(value.serverTls);
  const carriers = new Map(Object.entries(value.carriers).map(([option, ref]) => [option, get(ref)]));
  const carrier = value.through && get(value.through).carrier;
  const { forgeAddrProblem, logger, ticketKeys } = deps;
  const notices = deps.notices?.of(hash);
  let own: Logger | undefined;
  // Made when somebody asks, because most chainers write nothing, and a configuration may have thousands.
  const ownLogger = (): Logger =>
    (own ??= childLogger(logger, { chainer: value.type, route: formatPath(path.slice(0, ROUTE_DEPTH)) }));
  const chainerDeps: ChainerDeps = {
    ...wayOf(plugin.serverChosenBy ?? 'client', carrier, deps),
    resolver,
    get zones(): AddressZones {
      if (table !== undefined) return table;
      throw new Error(`the plugin "${plugin.kind}" says "usesZones: false", and uses zones.`);
    },
    get place(): string {
      return formatPath(path);
    },
    get logger(): Logger {
      return ownLogger();
    },
    proxies,
    serverTls,
    ownKey: ticketKeys && (() => ticketKeys.current.own),
    idleConnections: deps.idleConnections,
    notices,
    nestedChainer(option, index) {
      const found = nested.get(placeOf(option, index));
      if (found !== undefined) return found;
      const place = formatPath([...path, option, ...(index === undefined ? [] : [index])]);
      throw new Error(`the chainer "${plugin.kind}" has no chainer nested at ${place}.`);
    },
    discovery(option, index) {
      const found = value.discoveries[placeOf(option, index)];
      const discovers = found === undefined ? undefined : deps.registry.discovery(found.type);
      if (found === undefined || discovers === undefined) {
        throw new Error(`the chainer "${plugin.kind}" has no discovery at ${placeOf(option, index)}.`);
      }
      return discovers.create(found.options, { logger: ownLogger(), baseDirectory: found.baseDirectory });
    },
    carrier(option) {
      const found = carriers.get(option);
      if (found !== undefined) return found;
      throw new Error(`the chainer "${plugin.kind}" carries nothing at ${formatPath([...path, option])}.`);
    },
    forgeAddrProblem: () => forgeAddrProblem([...path, 'forgeAddr']),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the plugin itself has prepared
  const chainer = plugin.create(value.options, chainerDeps, deps.prepared.get(formatPath(path)) as undefined);
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
): Pick<ChainerDeps, 'establishConnection' | 'establishFor' | 'connectByName'> {
  if (carrier === undefined) {
    return { establishConnection: establisher(serverChosenBy), establishFor: establisher };
  }
  return {
    establishConnection: establishThrough(carrier, serverChosenBy),
    establishFor: (chosenBy) => establishThrough(carrier, chosenBy),
    connectByName: connectByNameThrough(carrier, serverChosenBy),
  };
}

const NOTHING_NESTED: ReadonlyMap<string, Chainer> = new Map();

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
