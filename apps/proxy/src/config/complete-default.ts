import type { Config } from './schema/schema.ts';

/** What the schema makes of the default configuration. A test holds both to be equal, so a change of a default is made here, too. */
export const completeDefault: Config = {
  workers: 1,
  workerTimeout: 2_000,
  transport: 'auto',
  log: { level: 'info', access: true, format: 'auto' },
  shutdown: { grace: 30_000, listen: 'keep' },
  reload: { watch: false, maxAge: 86_400_000 },
  zones: {},
  plugins: [],
  resolver: { type: 'auto' },
  serverPool: { idleTimeout: 30_000, maxIdlePerServer: 256, maxIdle: 2_048 },
  limits: { perClient: {}, partialHeads: 67_108_864, overloadAfter: 1_000 },
  listeners: [{ bind: { family: 'inet', address: '127.0.0.1', port: 3128 }, service: 'default', accept: ['http'] }],
  chainers: {},
  services: {
    default: { proxy: 'http', mode: 'forward', access: [], routes: [{ chainer: { type: 'inband' } }], nat: [] },
  },
};

/** The options of its plugins, by their places. */
export const defaultOptions = {
  resolver: {},
  'services.default.routes[0].chainer': { forgeAddr: false, connectTimeout: 10_000 },
};
