import type { ChainerPlugin } from '@inband/core';
import { hash } from 'node:crypto';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { CARRIER } from '../../config/plugins/prepare-plugins.ts';
import { serverTlsKey } from '../../config/plugins/load-server-tls.ts';
import { type ConfigPath, formatPath, isRecord, valueAt } from '../../config/problem/problem.ts';
import { canonicalText } from './canonical-text.ts';
import type { Planned, PlannedDiscovery, Ref, Values } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';
import { identityOf } from './plugin-identity.ts';

export interface ChainerPlannerDeps {
  readonly parsed: ParsedConfig;
  readonly resolver: Ref<'resolver'>;
  readonly zones: Ref<'zone-table'>;
  /** Plans the proxy of a service that a chainer stacks. */
  readonly proxyOf: (service: string) => Ref<'proxy'>;
}

/** Whose a chainer is, and what carries its connections. */
type Owner = Pick<Values['chainer'], 'service' | 'name' | 'through'>;

/** What chainers of one owner and type have in common. */
interface Common {
  readonly value: Owner & Pick<Values['chainer'], 'type' | 'plugin' | 'resolver' | 'zones'>;
  /** SHA-256 of it. */
  readonly identity: string;
}

/** Where a chainer is written, and that as text. */
type Place = Pick<Planned, 'path' | 'place'>;

/** What a chainer is that may carry others. */
interface Carrying {
  readonly common: Common;
  readonly own: Omit<Values['chainer'], 'nested' | 'carriers' | 'picksUp'>;
  readonly prepared: unknown;
}

/** One for all, so that what is empty needs no look. */
const NOTHING = Object.freeze({});

type Nested = Planned<'chainer'> | readonly Planned<'chainer'>[];

/** Plans chainers, each after those that are nested in it and the services that it stacks. */
export class ChainerPlanner {
  readonly #planner: Planner;
  readonly #deps: ChainerPlannerDeps;
  /** By what they are made of: chainers with the same settings share them. */
  readonly #serverTls = new Map<string, Ref<'server-tls'>>();
  readonly #byName = new Map<string, Planned<'chainer'>>();
  #lastCommon: Common | undefined = undefined;

  constructor(planner: Planner, deps: ChainerPlannerDeps) {
    this.#planner = planner;
    this.#deps = deps;
  }

  /** The chainer that is written at `path` of a service: one with its options, or the name of one that others have, too. */
  planAt(service: string, at: Place, written: string | { readonly type: string }): Planned<'chainer'> {
    if (typeof written === 'string') return this.#named(written, undefined);
    return this.#plan({ service, name: undefined, through: undefined }, at, written.type);
  }

  /** All who name it get the same one, unless other chainers carry its connections. It is planned where it is named first. */
  #named(name: string, through: Ref<'chainer'> | undefined): Planned<'chainer'> {
    const written = this.#deps.parsed.config.chainers[name];
    if (written === undefined) throw new Error(`There is no chainer "${name}".`);
    const key = `${name} ${through?.hash ?? ''}`;
    const owner = { service: undefined, name, through };
    const planned = this.#byName.get(key) ?? this.#plan(owner, placeOf(['chainers', name]), written.type);
    this.#byName.set(key, planned);
    return planned;
  }

  #plan(owner: Owner, { path, place }: Place, type: string): Planned<'chainer'> {
    const { parsed } = this.#deps;
    const plugin = parsed.registry.chainer(type);
    const options = parsed.pluginOptions.get(place);
    const common = this.#commonOf(owner, type, plugin);
    const own = {
      ...common.value,
      discoveries: this.#discoveriesOf(plugin, path),
      stacks: this.#stacksOf(plugin, path),
      serverTls: this.#serverTlsOf(path, place),
    };
    const prepared = this.#preparedAt(place);
    const carriers =
      plugin?.carries === undefined
        ? NOTHING
        : this.#carriersOf(plugin.carries, path, { common, own: { ...own, options }, prepared });
    const nested = this.#nestedOf(plugin, owner, path, carriers);
    const value: Values['chainer'] = {
      ...own,
      options,
      nested: mapValues(nested, (inner) => ('kind' in inner ? refTo(inner) : inner.map((one) => refTo(one)))),
      carriers,
      picksUp: plugin?.picksUp === true || (Object.keys(carriers).length === 0 && allPickUp(nested)),
    };
    const compared = without(options, Object.keys(nested));
    const content = contentOf(common, { ...value, options: compared }, prepared);
    return this.#planner.add('chainer', path, Object.freeze(value), content, place);
  }

  /** The one of the chainer before is taken, because thousands may have the same. */
  #commonOf(owner: Owner, type: string, plugin: ChainerPlugin | undefined): Common {
    const last = this.#lastCommon;
    if (last !== undefined && isCommonOf(last, owner, type)) return last;
    const zones = plugin?.usesZones === false ? undefined : this.#deps.zones;
    const value = { ...owner, type, plugin: identityOf(plugin), resolver: this.#deps.resolver, zones };
    return (this.#lastCommon = { value, identity: hash('sha256', canonicalText(value)) });
  }

  /** What tells apart what plugins have prepared, beside their options. */
  #preparedAt(place: string): unknown {
    const prepared = this.#deps.parsed.prepared.get(place);
    return isRecord(prepared) ? prepared.identity : undefined;
  }

  #serverTlsOf(path: ConfigPath, place: string): Ref<'server-tls'> | undefined {
    const paths = this.#deps.parsed.serverTls?.chainers.get(place);
    if (paths === undefined) return undefined;
    const key = serverTlsKey(paths);
    const known = this.#serverTls.get(key) ?? refTo(this.#planner.add('server-tls', [...path, 'tls'], frozen(paths)));
    this.#serverTls.set(key, known);
    return known;
  }

  /** For each option that is there, the chainer without what it carries: it stays when that changes. */
  #carriersOf(
    carries: readonly string[],
    path: ConfigPath,
    { common, own, prepared }: Carrying,
  ): Readonly<Record<string, Ref<'chainer'>>> {
    const there = carries.filter((option) => valueAt(this.#deps.parsed.config, [...path, option]) !== undefined);
    if (there.length === 0) return NOTHING;
    const options = without(own.options, carries);
    const value: Values['chainer'] = { ...own, options, nested: {}, carriers: {}, picksUp: false };
    // A place of its own, by which operators tell its pool from others.
    const content = contentOf(common, value, prepared);
    const carrier = refTo(this.#planner.add('chainer', [...path, CARRIER], Object.freeze(value), content));
    return Object.fromEntries(there.map((option) => [option, carrier]));
  }

  #nestedOf(
    plugin: ChainerPlugin | undefined,
    owner: Owner,
    path: ConfigPath,
    carriers: Values['chainer']['carriers'],
  ): Readonly<Record<string, Nested>> {
    if (plugin?.nested === undefined) return NOTHING;
    const nested: Record<string, Nested> = {};
    for (const option of plugin.nested) {
      const through = carriers[option] ?? owner.through;
      const planned = (at: ConfigPath, written: unknown): Planned<'chainer'>[] => {
        if (typeof written === 'string') return [this.#named(written, through)];
        const isOne = isRecord(written) && typeof written.type === 'string';
        return isOne ? [this.#plan({ ...owner, through }, placeOf(at), String(written.type))] : [];
      };
      const at = [...path, option];
      const written = valueAt(this.#deps.parsed.config, at);
      if (Array.isArray(written)) nested[option] = written.flatMap((one, index) => planned([...at, index], one));
      else for (const one of planned(at, written)) nested[option] = one;
    }
    return nested;
  }

  #discoveriesOf(plugin: ChainerPlugin | undefined, path: ConfigPath): Readonly<Record<string, PlannedDiscovery>> {
    if (plugin?.discovers === undefined) return NOTHING;
    const { pluginOptions, registry, config, baseDirectory } = this.#deps.parsed;
    const discoveries: Record<string, PlannedDiscovery> = {};
    for (const option of plugin.discovers) {
      const written = valueAt(config, [...path, option]);
      for (const [index, entry] of (Array.isArray(written) ? (written as unknown[]) : []).entries()) {
        const place = formatPath([...path, option, index]);
        if (!isRecord(entry) || !pluginOptions.has(place)) continue;
        const type = typeof entry.type === 'string' ? entry.type : 'file';
        const identity = identityOf(registry.discovery(type));
        discoveries[`${option}[${index}]`] = {
          type,
          plugin: identity,
          options: pluginOptions.get(place),
          baseDirectory,
        };
      }
    }
    return discoveries;
  }

  #stacksOf(plugin: ChainerPlugin | undefined, path: ConfigPath): Readonly<Record<string, Ref<'proxy'>>> {
    if (plugin?.stacks === undefined) return NOTHING;
    const stacks: Record<string, Ref<'proxy'>> = {};
    for (const option of plugin.stacks) {
      const service = valueAt(this.#deps.parsed.config, [...path, option]);
      if (typeof service === 'string') stacks[option] = this.#deps.proxyOf(service);
    }
    return stacks;
  }
}

function placeOf(path: ConfigPath): Place {
  return { path, place: formatPath(path) };
}

function isCommonOf({ value }: Common, { service, name, through }: Owner, type: string): boolean {
  return value.service === service && value.name === name && value.through === through && value.type === type;
}

/** What the hash of a chainer is computed from. A list, because texts of mappings take longer, and there may be thousands of chainers. */
function contentOf({ identity }: Common, value: Values['chainer'], prepared: unknown): readonly unknown[] {
  const { discoveries, stacks, serverTls, options, nested, carriers, picksUp } = value;
  const rest = [filled(carriers), filled(discoveries), filled(nested), filled(stacks), serverTls?.hash, prepared];
  return [identity, options, picksUp, ...(rest.every(isUndefined) ? [] : rest)];
}

function isUndefined(value: unknown): value is undefined {
  return value === undefined;
}

function filled<T extends object>(mapping: T): T | undefined {
  return mapping === NOTHING ? undefined : mapping;
}

/** False where nothing is nested. */
function allPickUp(nested: Readonly<Record<string, Nested>>): boolean {
  const all = Object.values(nested).flat();
  return all.length > 0 && all.every(({ value }) => value.picksUp);
}

/** A mapping without some of its keys; anything else as it is. */
function without(value: unknown, keys: readonly string[]): unknown {
  if (keys.length === 0 || !isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

function mapValues<T, U>(mapping: Readonly<Record<string, T>>, change: (value: T) => U): Readonly<Record<string, U>> {
  if (mapping === NOTHING) return NOTHING;
  return Object.fromEntries(Object.entries(mapping).map(([key, value]) => [key, change(value)]));
}
