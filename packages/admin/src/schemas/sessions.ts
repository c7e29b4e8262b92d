import { type Static, Type } from 'typebox';

const Missing = Type.Array(Type.Integer(), { description: 'Workers that did not answer in time.' });

/** Of a session, for examples of whatever has sessions. */
export const sessionExample = {
  id: 'k3v9x2pq-1042',
  worker: 0,
  kind: 'tunnel' as const,
  service: 'default',
  route: 'services.default.routes[0]',
  client: '127.0.0.1:40312',
  method: 'CONNECT',
  target: 'shop.example:443',
  state: 'tunnel',
  server: '203.0.113.7:443',
  startedAt: '2026-11-28T23:00:00.000Z',
  seconds: 12.5,
  requestBytes: 5120,
  responseBytes: 1_048_576,
};

export const Session = Type.Object(
  {
    id: Type.String({ description: 'As in the log.' }),
    worker: Type.Integer({ description: 'The number of the process; 0 where there is one.' }),
    kind: Type.Enum(['request', 'tunnel', 'upgrade'], { description: 'upgrade: a WebSocket, for example.' }),
    service: Type.String(),
    route: Type.String({ description: 'Its place in the configuration; empty before it is chosen.' }),
    client: Type.String({ description: 'The address of the client, with its port.' }),
    method: Type.String(),
    target: Type.String({ description: 'What the client asked for, as it wrote it.' }),
    state: Type.String({
      description:
        'asking: it waits for a connection. sending: the server has not answered yet. answering: the body of the response follows. tunnel: bytes go both ways. Of a TLS guard: reading, connecting, tunnel.',
    }),
    server: Type.String({ description: 'The address of the server; empty before it is known.' }),
    startedAt: Type.String(),
    seconds: Type.Number(),
    requestBytes: Type.Integer({ description: 'Bytes of content, or of the tunnel, from the client so far.' }),
    responseBytes: Type.Integer({ description: 'The same, to the client.' }),
  },
  {
    title: 'Session',
    examples: [sessionExample],
  },
);
/** A request, or a tunnel, that is going on. */
export type Session = Static<typeof Session>;

export const Sessions = Type.Object(
  {
    sessions: Type.Array(Session),
    total: Type.Integer({ description: 'How many there are that match, also beyond the limit.' }),
    missing: Missing,
  },
  { title: 'Sessions', examples: [{ sessions: [sessionExample], total: 1, missing: [] }] },
);
/** What is going on. */
export type Sessions = Static<typeof Sessions>;

export const SessionQuery = Type.Object(
  {
    service: Type.Optional(Type.String()),
    route: Type.Optional(Type.String({ description: 'Its place in the configuration.' })),
    client: Type.Optional(Type.String({ description: 'The address of a client, with or without its port.' })),
    target: Type.Optional(Type.String({ description: 'A part of what was asked for.' })),
    kind: Type.Optional(Type.Enum(['request', 'tunnel', 'upgrade'])),
    state: Type.Optional(Type.String()),
    sort: Type.Enum(['seconds', 'bytes', 'requestBytes', 'responseBytes', 'client', 'target'], { default: 'seconds' }),
    order: Type.Enum(['asc', 'desc'], { default: 'desc' }),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  },
  { additionalProperties: false },
);
/** Which sessions are asked for, and in which order. */
export type SessionQuery = Static<typeof SessionQuery>;
