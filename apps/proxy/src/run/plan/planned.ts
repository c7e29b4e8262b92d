import type { AccessRule, LookupLimits, NatRule, ServiceMode } from '@inband/core';
import type { HttpOptions } from '@inband/http-proxy';
import type { TlsGuardOptions } from '@inband/tls-guard';
import type { ConfigPath } from '../../config/problem/problem.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';

/**
 * What each kind of thing is made from: all that it is, with every default filled in. What it refers to stands there as a
 * {@link Ref}, so a thing is another one as soon as one is that it refers to. What this machine decides (a name at
 * random, a share of the descriptors) is left out.
 */
export interface Values {
  /** `zones.NAME`. Files count by their paths: what is in them is followed while the program runs. */
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
   * All zones. An address is in the most specific zone that holds it, so every zone may change what the others hold, and
   * whatever asks for zones depends on all of them.
   */
  readonly 'zone-table': {
    readonly zones: readonly Ref<'zone'>[];
    /** Looks the names of zones up; absent where no zone has any. */
    readonly resolver: Ref<'resolver'> | undefined;
  };
  readonly resolver: {
    readonly type: string;
    readonly plugin: PluginIdentity;
    /** As the schema of the plugin gave them: they are the plugin's, and are not frozen. */
    readonly options: unknown;
    readonly cache: Readonly<Record<string, number>>;
    /** `lookups` is left out where the descriptors of the process decide. */
    readonly limits: Partial<LookupLimits>;
  };
  /** `services.NAME.access`. */
  readonly policy: {
    /** Its place, which its rules are named by. */
    readonly place: string;
    readonly mode: ServiceMode;
    readonly rules: readonly AccessRule[];
    readonly zones: Ref<'zone-table'>;
  };
  /** `services.NAME.nat`, where it has rules. */
  readonly nat: { readonly place: string; readonly rules: readonly NatRule[]; readonly zones: Ref<'zone-table'> };
  /** The chainer of a route, or one that is nested in another chainer. Its place is not part of it: a route may move. */
  readonly chainer: {
    readonly service: string;
    readonly type: string;
    readonly plugin: PluginIdentity;
    /** As for `resolver`. The options that hold chainers count by `nested` instead. */
    readonly options: unknown;
    readonly nested: Readonly<Record<string, Ref<'chainer'> | readonly Ref<'chainer'>[]>>;
    /** By the option that names it: a service that is stacked between a session and its server. */
    readonly stacks: Readonly<Record<string, Ref<'proxy'>>>;
    /** It connects nowhere by itself, nor does one that is nested in it. */
    readonly picksUp: boolean;
    readonly resolver: Ref<'resolver'>;
    /** Absent where the plugin says that it uses no zones. */
    readonly zones: Ref<'zone-table'> | undefined;
  };
  readonly route: {
    /** Its place, which the log names it by. */
    readonly name: string;
    readonly match: NonNullable<RouteConfig['match']>;
    readonly chainer: Ref<'chainer'>;
    /** Where `match` names zones or addresses. */
    readonly zones: Ref<'zone-table'> | undefined;
  };
  /** `services.NAME`: what it decides. */
  readonly service: {
    readonly name: string;
    readonly mode: ServiceMode;
    readonly policy: Ref<'policy'>;
    readonly nat: Ref<'nat'> | undefined;
    readonly routes: readonly Ref<'route'>[];
    readonly onlyPicksUp: boolean;
    readonly zones: Ref<'zone-table'>;
  };
  /** `services.NAME`: what it speaks. `via` is left out where it is the name of the process. */
  readonly proxy:
    | {
        readonly service: Ref<'service'>;
        readonly speaks: 'http';
        readonly options: Omit<HttpOptions, 'via'> & { readonly via?: string | undefined };
      }
    | { readonly service: Ref<'service'>; readonly speaks: 'tls'; readonly options: TlsGuardOptions };
  /** What the system holds for a listener. Its service is not part of it: clients that come may get another one. */
  readonly socket: Omit<Config['listeners'][number], 'service'>;
  readonly listener: { readonly service: string; readonly socket: Ref<'socket'>; readonly proxy: Ref<'proxy'> };
  /** What there is once in a process, by its key at the top of the configuration: `log`, `limits`, `serverPool`, … */
  readonly setting: { readonly key: string; readonly value: unknown };
}

export type Kind = keyof Values;

/** Refers to what has been planned before. */
export interface Ref<K extends Kind = Kind> {
  readonly kind: K;
  /** SHA-256 of the kind and the canonical text of the value, in hex. No other thing of the plan has the same. */
  readonly hash: string;
}

/** One thing that a configuration makes. */
export interface Planned<K extends Kind = Kind> extends Ref<K> {
  /** Where it stands in the configuration, for messages. Not part of its identity. */
  readonly path: ConfigPath;
  readonly value: Values[K];
}

/** A plugin of ours by its kind; any other is the same only if it is the same object: see `referenceNumber`. */
export type PluginIdentity = 'built in' | number;

/** Everything that a configuration makes. */
export interface Plan {
  /** Each stands behind all that it refers to. */
  readonly all: readonly Planned[];
  readonly zones: Ref<'zone-table'>;
  /** By the service's name. */
  readonly proxies: ReadonlyMap<string, Ref<'proxy'>>;
  /** In the order of the configuration. */
  readonly listeners: readonly PlannedListener[];
}

export interface PlannedListener {
  readonly listener: Planned<'listener'>;
  readonly socket: Planned<'socket'>;
}
