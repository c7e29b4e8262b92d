import type { PluginRegistry } from '@inband/core';
import { builtinRegistry } from './plugins/load-plugins.ts';
import { DEFAULT_RESOLVER } from './known/constants.ts';
import { resolverShape } from './schema/process/resolver.ts';
import { configSchema } from './schema/schema.ts';
import { comment, descriptionOf, TypeWriter } from './type-writer.ts';

/** Where the generated types stand. */
export const inputTypesFile = new URL('input/config-input.ts', import.meta.url);

/**
 * The types of a configuration as it is written, for programs in TypeScript: one interface for each mapping, with the descriptions of the schema as doc
 * comments. `z.input` of the schema is the same, but an editor shows no descriptions of it.
 */
export function inputTypesText(): string {
  const registry = builtinRegistry();
  const writer = new TypeWriter();
  writer.add('Config', configSchema, 'A configuration as it is written.');
  writer.add('ResolverCommon', resolverShape, 'What every resolver has beside the options of its kind.', ['type']);
  const chainers = kinds(writer, registry, 'chainer');
  const resolvers = kinds(writer, registry, 'resolver');
  const auth = kinds(writer, registry, 'auth');
  return `${HEAD}
${writer.text}
${kindsText('chainer', chainers)}
${CHAINER}
${kindsText('resolver', resolvers)}
${RESOLVER}
${kindsText('auth', auth)}
${AUTH}
${ACME_DNS}
${HOST_FILE}
${WEEK_TIMES}
${FILTER}
${DISCOVERY}`;
}

interface Kind {
  readonly kind: string;
  readonly type: string;
  readonly description: string;
}

type WithKinds = 'chainer' | 'resolver' | 'auth';

/** How texts call a thing of each kind. */
const CALLED = { chainer: 'chainer', resolver: 'resolver', auth: 'way to authenticate' } as const;

/** Writes the options of each kind. */
function kinds(writer: TypeWriter, registry: PluginRegistry, provides: WithKinds): Kind[] {
  return registry.kinds(provides).map((kind) => {
    const found = registry.find(provides, kind);
    const description = descriptionOf(found?.schema);
    const name = `${capital(kind)}${capital(provides)}`;
    return { kind, description, type: writer.add(name, found?.schema, description) };
  });
}

function kindsText(provides: WithKinds, all: readonly Kind[]): string {
  const name = `${capital(provides)}Kinds`;
  const members = all.map(({ kind, type, description }) => `${comment([description], '  ')}  ${kind}: ${type};\n`);
  return `/**
 * The options of each kind of ${CALLED[provides]}, as they are written. A plugin adds its own, so that configurations in TypeScript know them:
 * \`declare module 'inband' { interface ${name} { mine: { readonly colour: string } } }\`.
 */
export interface ${name} {
${members.join('')}}
`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

const HEAD = `// Generated from the schema; after a change of that: npx node apps/proxy/src/config/generate-schema.ts
import type { Duration } from '@inband/chainers';
import type { Filter, Plugin } from '@inband/core';
import type { Size, WrittenByteRate, WrittenQuota, WrittenRate } from './written-values.ts';
`;

const CHAINER = `/** A chainer in a configuration: its kind, and the options of that kind. */
export type ChainerInput = {
  [Kind in keyof ChainerKinds]: {
    /** The kind of chainer; the other keys are its options. */
    type: Kind;
  } & ChainerKinds[Kind];
}[keyof ChainerKinds];
`;

const AUTH = `/** A way to authenticate in a configuration: its kind, and the options of that kind. */
export type AuthInput = {
  [Kind in keyof AuthKinds]: {
    /** The way by which clients say who they are; the other keys are its options. */
    type: Kind;
  } & AuthKinds[Kind];
}[keyof AuthKinds];
`;

const ACME_DNS = `/** A DNS service in a configuration: its kind, and the options of that kind. */
export interface AcmeDnsInput {
  /** The kind of DNS service; the other keys are its options. */
  type: string;
  [option: string]: unknown;
}
`;

const FILTER = `/** A filter in a configuration: of a plugin, or (in a program) one with its functions, also an instance of a class. */
export type FilterInput = FilterEntryInput | Filter;

/** The kind of a filter with the options of that kind, or the functions of a program. */
export interface FilterEntryInput extends Filter {
  /** The kind of filter, which a plugin brings; the other keys are its options. */
  type?: string | undefined;
  /**
   * How long it may take to decide about a request, an answer or a tunnel. Then the client gets 504.
   * @default "5s"
   */
  timeout?: Duration | undefined;
  /**
   * The largest body that is buffered for it, if it asks for that. Beyond it requests get 413, and answers become 502.
   * @default "1MiB"
   */
  maximumBody?: Size | undefined;
  [option: string]: unknown;
}
`;

const HOST_FILE = `/** Lists of hosts in files, among names. */
export interface HostFileInput {
  /** Files of hosts, one a line, or as /etc/hosts; relative to this file, and followed. */
  file: string | string[];
}
`;

const WEEK_TIMES = `/** Times of the week. */
export interface WeekTimesInput {
  /** Days of the week, or ranges such as "mon-fri". Left out: every day. */
  days?: string | string[] | undefined;
  /** Ranges of the day: "08:00-18:00", or "22:00-06:00" into the next day. Left out: the whole day. */
  time?: string | string[] | undefined;
  /** The time zone whose clock counts, by its IANA name: Europe/Berlin. With its summer time. Default: UTC. */
  timeZone?: string | undefined;
}
`;

const DISCOVERY = `/** A discovery of servers in a configuration: its kind, and the options of that kind. */
export interface DiscoveryInput {
  /** The kind of discovery; the other keys are its options. */
  type: string;
  [option: string]: unknown;
}
`;

const RESOLVER = `/** The resolver in a configuration: its kind, the options of that kind, and what all kinds have. */
export type ResolverInput = {
  [Kind in keyof ResolverKinds]: ResolverCommonInput & ResolverType<Kind> & ResolverKinds[Kind];
}[keyof ResolverKinds];

/** The kind may be left out where it is the usual one. */
export type ResolverType<Kind> = Kind extends '${DEFAULT_RESOLVER}'
  ? {
      /** The kind of resolver; the other keys are its options. */
      type?: Kind | undefined;
    }
  : {
      /** The kind of resolver; the other keys are its options. */
      type: Kind;
    };
`;
