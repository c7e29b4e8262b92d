import { duration, typeNames } from '@inband/chainers';
import type { Plugin } from '@inband/core';
import * as z from 'zod';
import { cluster } from '../cluster/cluster.ts';
import { store } from '../cluster/store.ts';
import { MAX_WORKERS } from '../known/constants.ts';
import { text } from '../values/values.ts';
import { listener } from './listener/listener.ts';
import { acme } from './process/acme.ts';
import { admin } from './process/admin.ts';
import { limits, serverPool } from './process/connections.ts';
import { reload, shutdown } from './process/lifetime.ts';
import { log } from './process/log.ts';
import { metrics } from './process/metrics.ts';
import { resolver } from './process/resolver.ts';
import { tracing } from './process/tracing.ts';
import { zone } from './process/zone.ts';
import { chainers } from './service/chainer.ts';
import type { hostOrFile } from './service/hosts.ts';
import { service } from './service/service.ts';

const plugin = z
  .custom<string | Plugin>((value) => typeof value === 'string' || (typeof value === 'object' && value !== null), {
    error: 'expected the name of a package, the path of a module or (in a program) a plugin',
  })
  .register(typeNames, { name: 'string | Plugin' });

/** The schema of the configuration. Its output is complete: every default is filled in. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  workers: z
    .union([z.int().min(1).max(MAX_WORKERS), z.literal('auto')], {
      error: `expected a number of processes from 1 to ${MAX_WORKERS}, or "auto"`,
    })
    .default(1)
    .describe('Processes that share the listeners. "auto": one for each processor. The program only: not embedded.'),
  workerTimeout: duration({ minimum: 1_000 })
    .default(2_000)
    .describe('How long the event loop of a worker may stall until the worker is replaced.'),
  transport: z
    .enum(['auto', 'node', 'epoll'])
    .default('auto')
    .describe('How sockets are read and written: epoll (Linux), node (everywhere), auto (epoll where it works).'),
  log: log.prefault({}),
  shutdown: shutdown.prefault({}),
  reload: reload.prefault({}),
  acme,
  admin,
  metrics,
  store,
  cluster,
  tracing: tracing.optional(),
  zones: z.record(text, zone).default({}).describe('Names for addresses.'),
  plugins: z.array(plugin).default([]).describe('Packages, or modules relative to this file, that provide plugins.'),
  resolver: resolver.prefault({}),
  serverPool: serverPool.prefault({}),
  limits: limits.prefault({}),
  listeners: z.array(listener).min(1).describe('Where clients are accepted.'),
  chainers,
  services: z.record(text, service).describe('What clients get.'),
});

/** A complete configuration. */
export type Config = z.output<typeof configSchema>;
export type ServiceConfig = Config['services'][string];
export type AccessRuleConfig = ServiceConfig['access'][number];
export type HostConfig = z.output<typeof hostOrFile>;
export type NatRuleConfig = ServiceConfig['nat'][number];
export type RouteConfig = ServiceConfig['routes'][number];
