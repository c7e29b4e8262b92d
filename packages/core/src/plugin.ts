import type { ConnectByName } from './network/through/establish-through.ts';
import type { EstablishConnection } from './network/establish-options.ts';
import type { ServerTls, ServerTlsSettings } from './network/server-tls.ts';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Logger } from './base/logger.ts';
import type { OwnNotices } from './notices/notices.ts';
import type { Chainer } from './routing/chainer.ts';
import type { AuthPlugin } from './auth-plugin.ts';
import type { DiscoveryPlugin, ServerDiscovery } from './discovery.ts';
import type { PrepareContext } from './prepare-context.ts';
import type { FilterPlugin } from './filter.ts';
import { ProxyError } from './base/errors.ts';
import type { AddressZones } from './zones/zones.ts';
import type { ProtocolProxy } from './clients/protocol-proxy.ts';
import type { Resolver, ResolverSource } from './resolver/resolver.ts';

/** What a chainer may use. It has no other way to the network. */
export interface ChainerDeps {
  readonly establishConnection: EstablishConnection;
  /**
   * The same for servers that somebody else has chosen than {@link ChainerPlugin.serverChosenBy} says, for a chainer that connects to servers of
   * both kinds.
   */
  readonly establishFor: (serverChosenBy: 'client' | 'operator') => EstablishConnection;
  readonly resolver: Resolver;
  /** The zones of the configuration, the built-in ones included. Not for a plugin with `usesZones: false`. */
  readonly zones: AddressZones;
  readonly logger: Logger;
  /** Its place in the configuration with which it is made: `services.web.routes[0].chainer`. For messages. */
  readonly place?: string;
  /**
   * The chainer whose options are the value of `option`, one of the plugin's `nested` options; in a list, the one at
   * `index`. It was made before this one, and is closed with the configuration.
   */
  nestedChainer(option: string, index?: number): Chainer;
  /**
   * The discovery that is described at `index` of the list `option`, one of the plugin's `discovers` options. It is made when it is asked for,
   * and does nothing until its `servers` is called. Undefined for a plugin without `discovers`.
   */
  discovery?(option: string, index: number): ServerDiscovery;
  /**
   * The chainer through which the one at `option`, one of the plugin's `carries`, connects: of the same plugin, with the same options but
   * those. It has a {@link Chainer.carrier}.
   */
  carrier(option: string): Chainer;
  /** Connects by name, where the connections of this chainer go through a parent proxy that resolves names. */
  readonly connectByName?: ConnectByName | undefined;
  /**
   * The protocol proxies of the configuration by the names of their services, for chainers that stack one between a session
   * and its server (`stackProxy`). It is complete only when all chainers are made, so look services up per session.
   */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  /**
   * One sentence that says why `EstablishOptions.forgeAddr` cannot be used here, or undefined when it can. Call it in
   * `create`, so that a configuration that cannot work is refused at start.
   */
  readonly forgeAddrProblem: () => string | undefined;
  /**
   * 32 bytes that are the same in all processes of the program, and after a reload, an upgrade and, on most machines, a restart. To sign what
   * clients keep: put into what is signed what it is for. Returns another array if the key is another one. Undefined outside the program.
   */
  readonly ownKey?: (() => Uint8Array) | undefined;
  /** TLS to servers, as {@link ChainerPlugin.serverTls} has asked for it. Undefined where it has not. */
  readonly serverTls?: ServerTls | undefined;
  /** What the chainer tells its like in other workers of the machine, and hears of them. Undefined where there are none. */
  readonly notices?: OwnNotices | undefined;
  /** Idle server connections with this `ServerConnection.key`. Absent where nothing is connected to. */
  readonly idleConnections?: ((key: string) => number) | undefined;
}

/**
 * A kind of chainer. Its life: `schema` validates the options of each use in the configuration (once, at start-up),
 * `create` makes the chainer from them (and throws a {@link ProxyError} if this system cannot do what they ask),
 * `connectServer` is called per session, `close` at the end.
 */
export interface ChainerPlugin<Options = unknown, Prepared = void> {
  readonly provides: 'chainer';
  /** The `type` by which a configuration asks for it. */
  readonly kind: string;
  /** Any Standard Schema (zod, valibot, arktype, …) for the options, `type` left out. */
  readonly schema: StandardSchemaV1<unknown, Options>;
  /**
   * Who chose the servers it connects to. The safe defaults behind a service's access rules (docs/configuration.md) apply
   * where the client did. Say `operator` only if every server comes from the options. Default: `client`.
   */
  readonly serverChosenBy?: 'client' | 'operator';
  /**
   * The options that hold a chainer or a list of chainers: mappings with a `type` and the options of that type, or names of chainers. They are
   * validated in their place, and made by `deps.nestedChainer`. `schema` gets them as they were written.
   */
  readonly nested?: readonly string[];
  /**
   * The options that hold lists of servers in which a mapping with a `type` is a {@link DiscoveryPlugin} with its options. They are validated
   * in their place, and made by `deps.discovery`. A mapping with `file` is one of the type `file`. `schema` gets them as they were written.
   */
  readonly discovers?: readonly string[];
  /**
   * The options of `nested` whose chainers get an `establishConnection` that goes through a chainer of this plugin: see
   * {@link ChainerDeps.carrier}.
   */
  readonly carries?: readonly string[];
  /**
   * Whether it only picks up `session.serverStream` and never connects. A stacked service with only such chainers (nested
   * ones included) ends with the connection of the outer service; others do not.
   */
  readonly picksUp?: boolean;
  /**
   * False when its chainers never use `deps.zones`. Then they are kept, with what they know of their servers, when only zones
   * have changed in a configuration that is read again. Default: true.
   */
  readonly usesZones?: boolean;
  /**
   * The TLS that its connections to servers are to have, or undefined for none. What is made of it is `deps.serverTls`, and what that makes
   * is passed to `establishConnection`. Files are read before `create` is called.
   */
  serverTls?(options: Options): ServerTlsSettings | undefined;
  /** The options that name a service to stack. It must exist, and not lead back to this chainer's own service. */
  readonly stacks?: readonly string[];
  /**
   * Does what takes time before chainers can be made, such as reading files and loading modules. Called whenever a configuration
   * is loaded, also by `inband check`; what comes of it is dropped if the chainer is there already or the configuration is refused, so it must
   * hold nothing that has to be closed. What it rejects with is a problem of the configuration. A chainer is made anew in a configuration that is
   * read again if the text `identity` of what comes of it is another one.
   */
  prepare?(options: Options, context: PrepareContext): Promise<Prepared>;
  /**
   * Makes the chainer of one route, or of an option that holds one. `options` is what `schema` made of the configuration, `prepared` what
   * `prepare` resolved with.
   */
  create(options: Options, deps: ChainerDeps, prepared: Prepared): Chainer;
}

/** What a resolver is given. */
export interface ResolverDeps {
  readonly logger: Logger;
}

/** A kind of resolver, which turns names into addresses. The cache is in front of it. */
export interface ResolverPlugin<Options = unknown> {
  readonly provides: 'resolver';
  readonly kind: string;
  readonly schema: StandardSchemaV1<unknown, Options>;
  /** Makes the resolver of the program. `options` is what `schema` made of the configuration. */
  create(options: Options, deps: ResolverDeps): ResolverSource;
}

/**
 * Writes TXT records where the names of hosts are served, by which a CA sees that they are ours (dns-01, RFC 8555 section 8.4). The
 * signals are aborted when nobody waits any more.
 */
export interface AcmeDns {
  /** Adds a TXT record. Resolves when all servers of the zone answer with it. Others of the same name stay. */
  addText(name: string, value: string, signal: AbortSignal): Promise<void>;
  /** Removes the record with this value. */
  removeText(name: string, value: string, signal: AbortSignal): Promise<void>;
}

/** A kind of DNS service that `acme.challenge` can name. */
export interface AcmeDnsPlugin<Options = unknown> {
  readonly provides: 'acme-dns';
  readonly kind: string;
  readonly schema: StandardSchemaV1<unknown, Options>;
  /** Called in the process that asks the CA, when that starts and for each configuration with other settings of `acme`. */
  create(options: Options, deps: { readonly logger: Logger }): AcmeDns;
}

/** What {@link definePlugin} declares, whatever its options are. */
// oxlint-disable typescript/no-explicit-any -- a plugin's own options type is its own business
export type Plugin =
  | ChainerPlugin<any, any>
  | ResolverPlugin<any>
  | AcmeDnsPlugin<any>
  | DiscoveryPlugin<any>
  | AuthPlugin<any, any>
  | FilterPlugin<any>;
// oxlint-enable typescript/no-explicit-any

/** The plugins of a kind of thing. */
type PluginOf<Provides extends Plugin['provides']> = Extract<Plugin, { provides: Provides }>;

/** Declares a plugin, with the type of its options from its schema. Whatever can be replaced is registered by this. */
export function definePlugin<Options, Prepared = void>(
  plugin: ChainerPlugin<Options, Prepared>,
): ChainerPlugin<Options, Prepared>;
export function definePlugin<Options>(plugin: ResolverPlugin<Options>): ResolverPlugin<Options>;
export function definePlugin<Options>(plugin: AcmeDnsPlugin<Options>): AcmeDnsPlugin<Options>;
export function definePlugin<Options>(plugin: DiscoveryPlugin<Options>): DiscoveryPlugin<Options>;
export function definePlugin<Options, Prepared = void>(
  plugin: AuthPlugin<Options, Prepared>,
): AuthPlugin<Options, Prepared>;
export function definePlugin<Options>(plugin: FilterPlugin<Options>): FilterPlugin<Options>;
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}

/** The plugins of one configuration, by what they provide and their kind. */
export class PluginRegistry {
  readonly #plugins: { readonly [Provides in Plugin['provides']]: Map<string, PluginOf<Provides>> } = {
    chainer: new Map(),
    resolver: new Map(),
    'acme-dns': new Map(),
    discovery: new Map(),
    auth: new Map(),
    filter: new Map(),
  };

  /** Throws when the kind is registered already, because one of the two would silently be ignored. */
  register(plugin: Plugin): void {
    const { provides, kind } = plugin;
    const known: Map<string, Plugin> = this.#plugins[provides];
    if (known.has(kind)) {
      throw new ProxyError('proxy_configuration_error', `There are two plugins for the ${provides} "${kind}".`);
    }
    known.set(kind, plugin);
  }

  chainer(kind: string): ChainerPlugin | undefined {
    return this.#plugins.chainer.get(kind);
  }

  resolver(kind: string): ResolverPlugin | undefined {
    return this.#plugins.resolver.get(kind);
  }

  acmeDns(kind: string): AcmeDnsPlugin | undefined {
    return this.#plugins['acme-dns'].get(kind);
  }

  discovery(kind: string): DiscoveryPlugin | undefined {
    return this.#plugins.discovery.get(kind);
  }

  auth(kind: string): AuthPlugin | undefined {
    return this.#plugins.auth.get(kind);
  }

  filter(kind: string): FilterPlugin | undefined {
    return this.#plugins.filter.get(kind);
  }

  /** A plugin of whatever it is to provide. */
  find(provides: Plugin['provides'], kind: string): Plugin | undefined {
    return this.#plugins[provides].get(kind);
  }

  /** The plugins of a kind, whatever they provide. */
  allOf(kind: string): Plugin[] {
    return Object.values(this.#plugins).flatMap((plugins) => plugins.get(kind) ?? []);
  }

  /** The known kinds, sorted, for error messages and the JSON Schema. */
  kinds(provides: Plugin['provides']): string[] {
    return [...this.#plugins[provides].keys()].toSorted();
  }
}
