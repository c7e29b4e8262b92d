import { type Static, Type } from 'typebox';

export const ConfiguredRoutes = Type.Object(
  {
    services: Type.Array(
      Type.Object({
        name: Type.String(),
        kind: Type.String({ description: 'http or tls, and the mode.' }),
        listeners: Type.Array(Type.String(), { description: 'Where its clients come in.' }),
        policy: Type.String({ description: 'Its access rules, in words.' }),
        routes: Type.Array(
          Type.Object({
            name: Type.String({ description: 'Its place in the configuration.' }),
            match: Type.String({ description: 'What it takes, in words.' }),
            chainer: Type.String({ description: 'How the server is reached.' }),
            servers: Type.Optional(Type.Array(Type.String(), { description: 'Servers that the configuration names.' })),
          }),
        ),
      }),
    ),
  },
  {
    title: 'Routes',
    examples: [
      {
        services: [
          {
            name: 'web',
            kind: 'http, reverse',
            listeners: ['0.0.0.0:80'],
            policy: '1 rule, then the defaults of mode reverse',
            routes: [
              {
                name: 'services.web.routes[0]',
                match: 'path /api/',
                chainer: 'failover',
                servers: ['10.0.0.1:8080', '10.0.0.2:8080'],
              },
            ],
          },
        ],
      },
    ],
  },
);
/** What clients get, by service. */
export type ConfiguredRoutes = Static<typeof ConfiguredRoutes>;
