import { type Static, Type } from 'typebox';

const common = {
  at: Type.String(),
  id: Type.String({ description: 'As in the log, on the error page and in Proxy-Status.' }),
  worker: Type.Integer({ description: 'The number of the process; 0 where there is one.' }),
  client: Type.String(),
  service: Type.String(),
  target: Type.String({ description: 'What was asked for; empty if it could not be understood.' }),
};
const Missing = Type.Array(Type.Integer(), { description: 'Workers that did not answer in time.' });

const example = {
  at: '2026-11-28T23:00:00.000Z',
  id: 'k3v9x2pq-1042',
  worker: 0,
  client: '10.0.0.7:40312',
  service: 'default',
};

export const Denials = Type.Object(
  {
    recent: Type.Array(
      Type.Object({
        ...common,
        rule: Type.String({ description: 'The rule, the default or the limit that decided.' }),
        reason: Type.String(),
        advice: Type.String({ description: 'What would allow it.' }),
      }),
      { description: 'The newest first, at most 100.' },
    ),
    missing: Missing,
  },
  {
    title: 'Denials',
    examples: [
      {
        recent: [
          {
            ...example,
            target: 'http://127.0.0.1/',
            rule: 'default: a client never reaches an address more private than its own',
            reason: 'The server has a loopback address, the client a private one.',
            advice: 'Add to services.default.access: { allow: { clients: 10.0.0.7, servers: 127.0.0.1, ports: 80 } }.',
          },
        ],
        missing: [],
      },
    ],
  },
);
/** The last sessions that were denied. */
export type Denials = Static<typeof Denials>;

export const Errors = Type.Object(
  {
    recent: Type.Array(
      Type.Object({
        ...common,
        code: Type.String({ description: 'Of docs/errors.md.' }),
        reason: Type.String(),
        advice: Type.String({ description: 'What to do.' }),
      }),
      { description: 'The newest first, at most 100.' },
    ),
    missing: Missing,
  },
  {
    title: 'Errors',
    examples: [
      {
        recent: [
          {
            ...example,
            target: 'http://shop.example/',
            code: 'connection_refused',
            reason: '203.0.113.7:80 refused the connection.',
            advice: 'Check the port, and that the server is running.',
          },
        ],
        missing: [],
      },
    ],
  },
);
/** The last sessions that failed. */
export type Errors = Static<typeof Errors>;
