import { type Static, Type } from 'typebox';

const VersionLine = Type.Object(
  {
    number: Type.Integer(),
    id: Type.String({ description: 'Of the content: the same content has the same.' }),
    by: Type.String(),
    at: Type.String(),
    message: Type.Optional(Type.String()),
    again: Type.Optional(Type.Integer({ description: 'The version whose content it has again, after a rollback.' })),
  },
  { title: 'Version' },
);
/** A version of the configuration of all members, without its content. */
export type VersionLine = Static<typeof VersionLine>;

const MemberVersion = Type.Object(
  {
    name: Type.String(),
    running: Type.Union([Type.Integer(), Type.Null()], {
      description: 'The version that it runs; null: its own file.',
    }),
    wanted: Type.Optional(
      Type.Union([Type.Integer(), Type.Null()], { description: 'What it should run, where that is another one.' }),
    ),
    error: Type.Optional(Type.String({ description: 'Why it does not.' })),
    follows: Type.Boolean({
      description: 'Whether it takes what is pushed: a program that embeds the proxy does not.',
    }),
  },
  { title: 'MemberVersion' },
);
/** What a member runs. */
export type MemberVersion = Static<typeof MemberVersion>;

const version = {
  number: 17,
  id: '0f3a9c1b2d4e5f60718a0f3a9c1b2d4e',
  by: 'ops',
  at: '2026-11-29T12:00:00.000Z',
  message: 'new zone',
};
const state = {
  etag: Type.String({ description: 'The same as in ETag.' }),
  current: Type.Union([Type.Integer(), Type.Null()], {
    description: 'The version that all members have; null: each has its own file.',
  }),
  canary: Type.Union([Type.Object({ number: Type.Integer(), members: Type.Array(Type.String()) }), Type.Null()]),
  versions: Type.Array(VersionLine, { description: 'At most twenty are kept, the oldest first.' }),
  members: Type.Array(MemberVersion),
};
const example = {
  etag: '"31"',
  current: 17,
  canary: null,
  versions: [version],
  members: [{ name: 'edge-1', running: 17, follows: true }],
};

export const PushedConfig = Type.Object(
  {
    ...state,
    isKnown: Type.Boolean({
      description: 'false: the store has not answered since this member started, and it has no copy on its disk.',
    }),
    stale: Type.Number({ description: 'Seconds since it was last known that the store has this.' }),
  },
  { title: 'PushedConfig', examples: [{ ...example, isKnown: true, stale: 0.4 }] },
);
/** The versions of the configuration of all members, and who runs which. */
export type PushedConfig = Static<typeof PushedConfig>;

export const Pushed = Type.Object(
  {
    ...state,
    version: Type.Union([Type.Integer(), Type.Null()], { description: 'What was pushed; null where a canary ended.' }),
    left: Type.Array(Type.String(), {
      description: 'Sections of what was pushed that every member has from its own file.',
    }),
    unheard: Type.Array(Type.String(), {
      description: 'Members that were not waited for, because they have missed beats.',
    }),
  },
  { title: 'Pushed', examples: [{ ...example, version: 17, left: ['admin', 'store'], unheard: [] }] },
);
/** What a push has done. */
export type Pushed = Static<typeof Pushed>;

const Files = {
  main: Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'The files that are read, in order.' }),
  texts: Type.Record(Type.String(), Type.String(), {
    description: 'By path, relative to the folder of the configuration.',
  }),
  folders: Type.Record(Type.String(), Type.Array(Type.String()), {
    description: 'Folders that are included, with their files.',
  }),
};
const filesExample = {
  main: ['inband.yaml'],
  texts: {
    'inband.yaml':
      'listeners: [{ bind: ":3128", service: web }]\nservices: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }\n',
  },
  folders: {},
};

export const VersionContent = Type.Object(
  { number: Type.Integer(), ...Files },
  { title: 'VersionContent', examples: [{ number: 17, ...filesExample }] },
);
/** The files of a version. */
export type VersionContent = Static<typeof VersionContent>;

const Message = Type.Optional(Type.String({ maxLength: 1_000, description: 'Why, for others.' }));
const Wait = Type.Optional(
  Type.Integer({
    minimum: 100,
    maximum: 60_000,
    description: 'Milliseconds in which every member has to answer. Default: 5000.',
  }),
);

export const PushBody = Type.Object(
  {
    ...Files,
    message: Message,
    canary: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Only for this share of the members, at least one.',
      }),
    ),
    wait: Wait,
  },
  { additionalProperties: false, examples: [{ ...filesExample, message: 'new zone', canary: 0.1 }] },
);
export type PushBody = Static<typeof PushBody>;

export const PromoteBody = Type.Object(
  { message: Message, wait: Wait },
  { additionalProperties: false, examples: [{}] },
);
export type PromoteBody = Static<typeof PromoteBody>;

export const RollbackBody = Type.Object(
  {
    to: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'The version whose content all get. Default: the one before, or the end of the canary.',
      }),
    ),
    message: Message,
    wait: Wait,
  },
  { additionalProperties: false, examples: [{ to: 16, message: 'the zone was wrong' }] },
);
export type RollbackBody = Static<typeof RollbackBody>;
