import type { AccessRule, Filter, LimitOptions, LookupLimits, NatRule, ServiceMode } from '@inband/core';
import type {
  AcceptedProtocol,
  HttpOptions,
  RouteAnswers,
  RouteRewrites,
  SecureHosts,
  ServiceFieldRules,
} from '@inband/http-proxy';
import type { MatchRule, TerminatorOptions } from '@inband/tls';
import type { TlsGuardOptions } from '@inband/tls-guard';
import type { ConfigPath } from '../../config/problem/problem.ts';
import type { CertificatePaths, TrustPaths } from '../../config/tls/load-tls.ts';
import type { ServerTlsPaths } from '../../config/plugins/load-server-tls.ts';
import type { Config, RouteConfig, ServiceConfig } from '../../config/schema/schema.ts';

/**
 * The values that objects are made from, by kind. Every default is filled in, and every reference is a {@link Ref}: so the hash of a
 * value changes with everything that it refers to. What the machine decides (the random name in `Via`, a share of the descriptors)
 * is left out.
 */
export interface Values {
  /** `zones.NAME`. With the paths of its files and not their content, which is followed while the program runs. */
  readonly zone: {
    readonly name: string;
    readonly addresses: readonly string[];
    readonly files: readonly string[];
    readonly hosts: readonly string[];
    readonly parent: string | undefined;
    /** Unless the parent is a built-in zone. */
    readonly parentZone: Ref<'zone'> | undefined;
  };
  /**
   * All zones. An address is in the most specific zone that holds it, so every zone can take addresses from others, and
   * everything that uses zones depends on all of them.
   */
  readonly 'zone-table': {
    readonly zones: readonly Ref<'zone'>[];
    /** Resolves the names of zones; undefined if no zone has names. */
    readonly resolver: Ref<'resolver'> | undefined;
  };
  readonly resolver: {
    readonly type: string;
    readonly plugin: PluginIdentity;
    /** As the schema of the plugin returned them. They belong to the plugin and are not frozen. */
    readonly options: unknown;
    readonly cache: Readonly<Record<string, number>>;
    /** Without `lookups` if that depends on the descriptors of the process. */
    readonly limits: Partial<LookupLimits>;
  };
  /** A file of hosts. With its path and not its content, which is followed while the program runs. */
  readonly 'host-list': { readonly path: string; readonly name: string };
  /** `services.NAME.access`. */
  readonly policy: {
    /** Its place in the configuration, by which its rules are named. */
    readonly place: string;
    readonly mode: ServiceMode;
    readonly rules: readonly PlannedRule[];
    readonly zones: Ref<'zone-table'>;
  };
  /** `services.NAME.nat`, where it has rules. */
  readonly nat: { readonly place: string; readonly rules: readonly NatRule[]; readonly zones: Ref<'zone-table'> };
  /** TLS to servers. With the paths of files and not their content, which is followed while the program runs. */
  readonly 'server-tls': ServerTlsPaths;
  /** The chainer of a route, one that is nested in another chainer, or a named one. Without its place, because a route may move. */
  readonly chainer: {
    /** The service of its route. Undefined for one within a named chainer, which serves several. */
    readonly service: string | undefined;
    /** The name of the named chainer that it is, or is nested in. */
    readonly name: string | undefined;
    readonly type: string;
    readonly plugin: PluginIdentity;
    /** As for `resolver`. The hash is taken without the options that hold chainers: see `nested`. */
    readonly options: unknown;
    readonly nested: Readonly<Record<string, Ref<'chainer'> | readonly Ref<'chainer'>[]>>;
    /** The discoveries of its servers, by option and index: `servers[2]`. */
    readonly discoveries: Readonly<Record<string, PlannedDiscovery>>;
    /** The chainers of the same plugin that carry those in `nested`, by the option. */
    readonly carriers: Readonly<Record<string, Ref<'chainer'>>>;
    /** The chainer that carries its connections. */
    readonly through: Ref<'chainer'> | undefined;
    /** The services that it stacks, by the options that name them. */
    readonly stacks: Readonly<Record<string, Ref<'proxy'>>>;
    /** Whether neither it nor a nested chainer dials: see `ChainerPlugin.picksUp`. */
    readonly picksUp: boolean;
    readonly resolver: Ref<'resolver'>;
    /** Undefined where connections to its servers are plain. */
    readonly serverTls: Ref<'server-tls'> | undefined;
    /** Undefined if the plugin says `usesZones: false`. */
    readonly zones: Ref<'zone-table'> | undefined;
  };
  readonly route: {
    /** Its place in the configuration, by which the log names it. */
    readonly name: string;
    readonly match: Omit<NonNullable<RouteConfig['match']>, 'host'> & { readonly host?: HostCondition | undefined };
    /** Undefined where the proxy answers by itself: see `routeAnswers` of its proxy. */
    readonly chainer: Ref<'chainer'> | undefined;
    /** How it answers by itself. */
    readonly answers: 'respond' | 'redirect' | undefined;
    /** Undefined if `match` refers to no zones or addresses. */
    readonly zones: Ref<'zone-table'> | undefined;
  };
  /** `services.NAME`: its rules and routes. */
  readonly service: {
    readonly name: string;
    readonly mode: ServiceMode;
    readonly policy: Ref<'policy'>;
    readonly nat: Ref<'nat'> | undefined;
    readonly routes: readonly Ref<'route'>[];
    readonly onlyPicksUp: boolean;
    readonly zones: Ref<'zone-table'>;
  };
  /** A filter of a service. Without its place, because it may move. */
  readonly filter: PlannedFilter & { readonly service: string; readonly timeout: number; readonly maximumBody: number };
  /** `services.NAME`: its protocol and settings. Without `via` if that is the random name of the process. */
  readonly proxy:
    | {
        readonly service: Ref<'service'>;
        readonly zones: Ref<'zone-table'>;
        readonly speaks: 'http';
        readonly options: Omit<HttpOptions, 'via'> & { readonly via?: string | undefined };
        /** Where listeners lead there that speak TLS. */
        readonly secureHosts: SecureHosts | undefined;
        /** Whether the log has what is noted of request heads. */
        readonly notesRequests: boolean;
        /** How clients authenticate, in order. Undefined where they are not asked. */
        readonly auth: readonly PlannedAuth[] | undefined;
        /** Whether a CA may ask it by http-01. */
        readonly showsChallenges: boolean;
        /** Who is believed about its clients. Undefined where nobody is. */
        readonly trustedProxies: ServiceConfig['trustedProxies'];
        /** What its routes answer by themselves; undefined where none does. */
        readonly routeAnswers: RouteAnswers | undefined;
        /** What servers see in place of what clients ask for; undefined where no route says so. */
        readonly routeRewrites: RouteRewrites | undefined;
        /** What looks at requests, in order; undefined where nothing does. */
        readonly filters: readonly Ref<'filter'>[] | undefined;
        /** For the parents that filters choose; undefined where there are no filters. */
        readonly resolver: Ref<'resolver'> | undefined;
        /** How fields are changed, with the paths of files and not their content, which is followed; undefined where none is. */
        readonly fieldRules: ServiceFieldRules | undefined;
        /** How much clients and users may have; undefined where there are no limits. */
        readonly limits: LimitOptions | undefined;
      }
    | {
        readonly service: Ref<'service'>;
        readonly zones: Ref<'zone-table'>;
        readonly speaks: 'tls';
        readonly options: TlsGuardOptions;
        /** Of the connections of its clients; undefined where there are none. */
        readonly limits: LimitOptions | undefined;
      }
    | {
        /** In front of the proxy of a service: `listeners[].accept`, where that is not HTTP alone. */
        readonly speaks: 'several';
        readonly proxy: Ref<'proxy'>;
        readonly accept: readonly AcceptedProtocol[];
      }
    | {
        /** In front of all others: `listeners[].proxyProtocol`. */
        readonly speaks: 'proxy-protocol';
        readonly proxy: Ref<'proxy'>;
        readonly zones: Ref<'zone-table'>;
        /** Whose headers are believed. */
        readonly from: readonly string[];
        readonly accept: 'required' | 'optional';
        /** Milliseconds. */
        readonly timeout: number;
      }
    | {
        /** In front of the proxy of a service: `listeners[].tls`. */
        readonly speaks: 'tls-to-clients';
        readonly proxy: Ref<'proxy'>;
        readonly identity: PlannedIdentity;
        readonly match: readonly PlannedMatch[];
        readonly options: TerminatorOptions;
      };
  /** The certificates of listeners. With the paths of files and not their content, which is followed while the program runs. */
  readonly certificates: CertificatePaths & { readonly defaultName: string | undefined };
  /** The authorities whose certificates a listener accepts of clients, with the paths of files. */
  readonly trust: TrustPaths;
  /** The listening socket of a listener. Without what its clients get, so that the socket can be kept when that changes. */
  readonly socket: Omit<Config['listeners'][number], 'service' | 'tls' | 'accept' | 'proxyProtocol'>;
  readonly listener: {
    readonly service: string;
    readonly socket: Ref<'socket'>;
    /** What its clients get: the proxy of the service, or what stands in front of that. */
    readonly proxy: Ref<'proxy'>;
    readonly identity: PlannedIdentity | undefined;
  };
  /** A top-level key for something that exists once in a process: `log`, `limits`, `serverPool`, … */
  readonly setting: { readonly key: string; readonly value: unknown };
}

export type Kind = keyof Values;

/** Hosts that a rule or a route is for: patterns, and lists in files. */
export type HostCondition = readonly (string | Ref<'host-list'>)[];

/** An access rule, with references to its lists of hosts. */
export type PlannedRule = Omit<AccessRule, 'hosts'> & { readonly hosts?: HostCondition | undefined };

/** Where servers of a pool are found. */
export interface PlannedDiscovery {
  readonly type: string;
  readonly plugin: PluginIdentity;
  /** As the schema of the plugin returned them. They belong to the plugin and are not frozen. */
  readonly options: unknown;
  /** To which paths in the options are relative. */
  readonly baseDirectory: string;
}

/** A reference to a planned value. */
export interface Ref<K extends Kind = Kind> {
  readonly kind: K;
  /** SHA-256 of the kind and the canonical text of the value, in hex. Unique in a plan. */
  readonly hash: string;
}

/** A value of a plan. */
export interface Planned<K extends Kind = Kind> extends Ref<K> {
  /** Its place in the configuration, for messages. Not part of the hash. */
  readonly path: ConfigPath;
  /** The same as text. */
  readonly place: string;
  readonly value: Values[K];
}

/** A built-in plugin is identified by its kind, any other one by reference: see `referenceNumber`. */
export type PluginIdentity = 'built in' | number;

/** Everything that a configuration makes. */
export interface Plan {
  /** Every value stands behind all that it refers to. */
  readonly all: readonly Planned[];
  readonly zones: Ref<'zone-table'>;
  /** By the service's name. */
  readonly proxies: ReadonlyMap<string, Ref<'proxy'>>;
  /** In the order of the configuration. */
  readonly listeners: readonly PlannedListener[];
}

/** What becomes of clients by the name that they ask for. */
export interface PlannedMatch extends Omit<MatchRule, 'proxy'> {
  readonly proxy: Ref<'proxy'> | undefined;
}

/** One way by which clients say who they are. With the path of a file and not its content, which is followed while the program runs. */
export interface PlannedAuth {
  /** `services.web.auth[1]`. */
  readonly place: string;
  readonly type: string;
  readonly plugin: PluginIdentity;
  /** As the schema of the plugin returned them. They belong to the plugin and are not frozen. */
  readonly options: unknown;
  /** Of what the plugin has prepared. */
  readonly identity: unknown;
  /** To which paths in the options are relative. */
  readonly baseDirectory: string;
}

/** What a filter is made from. */
export type PlannedFilter =
  | {
      readonly from: 'plugin';
      readonly type: string;
      readonly plugin: PluginIdentity;
      /** As the schema of the plugin returned them. They belong to the plugin and are not frozen. */
      readonly options: unknown;
      /** To which paths in the options are relative. */
      readonly baseDirectory: string;
    }
  | { readonly from: 'program'; readonly functions: Filter };

/** What the TLS of a listener needs of files. */
export interface PlannedIdentity {
  readonly certificates: Ref<'certificates'>;
  /** Undefined without `ca` and `crl`. */
  readonly trust: Ref<'trust'> | undefined;
}

export interface PlannedListener {
  readonly listener: Planned<'listener'>;
  readonly socket: Planned<'socket'>;
}
