import { type Static, Type } from 'typebox';

export const ExplainRequest = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: 8192,
      description: 'http://…, https://…, socks5://host:port or, for CONNECT, host:port.',
    }),
    method: Type.Optional(
      Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", description: 'As a browser would, if left out.' }),
    ),
    client: Type.Optional(Type.String({ description: 'The address of the client. Default: 127.0.0.1.' })),
    service: Type.Optional(Type.String({ description: 'Of the first listener, if left out.' })),
    destination: Type.Optional(Type.String({ description: 'Where an intercepted client was going.' })),
    user: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'Who the client has logged in as. Default: nobody.' }),
    ),
    groups: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
        maxItems: 64,
        description: 'The groups of that user.',
      }),
    ),
    header: Type.Optional(
      Type.Array(Type.String({ maxLength: 8192 }), {
        maxItems: 64,
        description: 'Fields of the request, "name: value" each, for rules and routes that look at them.',
      }),
    ),
    at: Type.Optional(
      Type.String({ description: 'The time for rules and routes with "when": 2026-12-24T18:00Z. Default: now.' }),
    ),
    certificate: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1024, description: 'A name in the certificate that the client shows.' }),
    ),
  },
  { additionalProperties: false, examples: [{ url: 'https://shop.example/', client: '192.168.1.5' }] },
);
export type ExplainRequest = Static<typeof ExplainRequest>;

export const ExplainedRequest = Type.Object(
  {
    verdict: Type.Enum(['allow', 'deny', 'depends']),
    client: Type.String(),
    clientZones: Type.Array(Type.String()),
    user: Type.Optional(Type.String({ description: 'Who it is.' })),
    groups: Type.Optional(Type.Array(Type.String())),
    service: Type.String(),
    destination: Type.Optional(Type.String()),
    route: Type.Optional(Type.String()),
    chainer: Type.Optional(Type.String()),
    through: Type.Array(Type.String(), { description: 'Services in between.' }),
    rewritten: Type.Optional(Type.String({ description: 'What the server is sent in place of what was asked for.' })),
    limits: Type.Optional(
      Type.Array(Type.String(), {
        description: 'The limits of the service that hold for its client, not what is left of them.',
      }),
    ),
    pool: Type.Optional(
      Type.Object(
        {
          candidates: Type.Array(
            Type.Object({
              address: Type.String(),
              weight: Type.Number({ description: 'Its share of the sessions now.' }),
              sessions: Type.Integer({ description: 'Those that it has now.' }),
              passedOver: Type.Optional(Type.String({ description: 'Why it cannot be chosen.' })),
            }),
          ),
          picked: Type.Optional(Type.String({ description: 'The address of the one that would be chosen.' })),
          because: Type.String(),
        },
        { description: 'The servers of the pool that it chooses from, as they are now.' },
      ),
    ),
    servers: Type.Array(
      Type.Object({
        address: Type.String(),
        zones: Type.Array(Type.String()),
        translatedFrom: Type.Optional(Type.String()),
        translatedBy: Type.Optional(Type.String()),
        from: Type.Optional(Type.String()),
        tls: Type.Optional(
          Type.Object(
            {
              certifiedFor: Type.Optional(Type.String()),
              sentName: Type.Optional(Type.String()),
              ca: Type.Optional(Type.Array(Type.String())),
              crl: Type.Optional(Type.Array(Type.String())),
              pins: Type.Array(Type.String()),
              clientCertificate: Type.Optional(Type.String()),
              minVersion: Type.String(),
            },
            { description: 'What is verified of a server over TLS.' },
          ),
        ),
        verdict: Type.Enum(['allow', 'deny']),
        rule: Type.String(),
        reason: Type.String(),
      }),
    ),
    steps: Type.Array(Type.Object({ name: Type.String(), outcome: Type.String() })),
    rule: Type.Optional(Type.String()),
    reason: Type.String(),
    error: Type.Optional(Type.String()),
    status: Type.Optional(Type.Integer()),
  },
  {
    title: 'Explanation',
    examples: [
      {
        verdict: 'deny',
        client: '192.168.1.5:49152',
        clientZones: ['private'],
        service: 'default',
        route: 'services.default.routes[0]',
        chainer: 'inband',
        through: [],
        servers: [
          {
            address: '127.0.0.1:80',
            zones: ['loopback'],
            verdict: 'deny',
            rule: 'default: a client never reaches an address more private than its own',
            reason: 'The server has a loopback address, the client a private one.',
          },
        ],
        steps: [{ name: 'connect', outcome: 'refuses' }],
        rule: 'default: a client never reaches an address more private than its own',
        reason: 'The server has a loopback address, the client a private one.',
        error: 'destination_ip_prohibited',
        status: 403,
      },
    ],
  },
);
/** What would become of a request. */
export type ExplainedRequest = Static<typeof ExplainedRequest>;
