import type { HostPort } from '@inband/core';
import { hostname } from 'node:os';
import { z } from 'zod';
import { lazily } from '../../options/lazily.ts';
import { duration } from '../../options/duration.ts';
import { parsed } from '../../options/parsed.ts';
import { AddressSyntaxError, isName, parseServerAddress } from '../../options/server-address.ts';
import { checkTlsOption, type TlsOption } from '../../options/server-tls.ts';
import { type Expectation, type StatusRange, statusRange, STATUSES } from '../health/probes/expectation.ts';
import type { HttpQuestion } from '../health/probes/http-probe.ts';
import type { CheckTimes } from '../health/server-check.ts';
import type { SubsetOptions } from '../sources/subset-source.ts';

/** How servers are looked at. Times are in milliseconds. */
export interface CheckOptions extends CheckTimes {
  readonly type: 'tcp' | 'tls' | 'http' | 'connect';
  /** For `connect`: what a parent must connect to. */
  readonly target?: HostPort | undefined;
  /** Default: `/`. */
  readonly path?: string | undefined;
  /** Default: `GET`. */
  readonly method?: HttpQuestion['method'] | undefined;
  /** The Host field. Default: the server's own name or address. */
  readonly host?: string | undefined;
  /** Default: a status from 200 to 399. */
  readonly expect?: Expectation | undefined;
  /** TLS of the check, where that of the pool is the matter of its clients. */
  readonly tls?: TlsOption | undefined;
  /** Default: that of the server. */
  readonly port?: number | undefined;
  readonly fall: number;
  readonly rise: number;
}

/** What a pool does about the health of its servers. */
export interface PoolHealthOptions {
  readonly check?: CheckOptions | undefined;
  /** Milliseconds. Default: 10 s. */
  readonly slowStart?: number | undefined;
  /** The zone of this proxy. */
  readonly zone?: string | undefined;
  readonly subset?: SubsetOptions | undefined;
  /** The instance gets no clients while no server is up. */
  readonly required?: boolean | undefined;
  /** Idle connections that are kept for each server. Default: 0. */
  readonly minIdle?: number | undefined;
}

export const DEFAULT_SLOW_START = 10_000;

const status = lazily(() =>
  z.union([z.int().min(100).max(599), z.string().regex(STATUSES, { error: 'expected 200, 2xx or 200-399' })]),
);

const statuses = lazily(() =>
  z
    .union([status, z.array(status).min(1)])
    .transform((written): StatusRange[] => [written].flat().map((one) => statusRange(String(one)))),
);

const expectation = lazily(() =>
  z.union([
    statuses.transform((allowed): Expectation => ({ statuses: allowed })),
    z
      .strictObject({
        status: statuses
          .prefault('200-399')
          .describe('The statuses that are good: 200, 2xx, 200-399, or several of these.'),
        body: z.string().min(1).optional().describe('A text that the first 64 KiB of the body must contain.'),
      })
      .transform(({ status: allowed, body }): Expectation => ({ statuses: allowed, body })),
  ]),
);

/** The Host field and the path go into a request as they are. */
const path = lazily(() => z.string().regex(/^\/[\x21-\x7e]*$/, { error: 'expected a path: /health' }));
const host = lazily(() =>
  z.string().regex(/^[\w.:[\]-]+$/, { error: 'expected a host, with a port if need be: app.example' }),
);

function parseTarget(text: string): HostPort {
  const server = parseServerAddress(text);
  if (isName(server)) return server;
  if (server.family !== 'unix') return { host: server.address, port: server.port };
  throw new AddressSyntaxError('expected host:port or [IPv6]:port');
}

const HTTP_ONLY = ['path', 'method', 'host', 'expect'] as const;

const checkShape = () => ({
  type: z
    .enum(['tcp', 'tls', 'http', 'connect'])
    .describe(
      'tcp: it accepts connections. tls: and its certificate is good. http: and it answers as expected. ' +
        'connect, for parents: it connects to the target.',
    ),
  target: parsed(parseTarget)
    .optional()
    .describe('connect: what the parent must connect to, "probe.example:443". Nothing is sent there.'),
  path: path.optional().describe('http: what is asked for. Default: /.'),
  method: z.enum(['GET', 'HEAD', 'OPTIONS']).optional().describe('http: the method. Default: GET.'),
  host: host.optional().describe('http: the Host field. Default: the name or address of the server.'),
  expect: expectation
    .optional()
    .describe('http: the answers that are good, by status (default 200-399) and by a text in the body.'),
  port: z.int().min(1).max(65_535).optional().describe('The port that is looked at. Default: that of the server.'),
  interval: duration({ minimum: 10 }).prefault('10s').describe('Time between two looks, give or take a fifth.'),
  timeout: duration({ minimum: 10 }).prefault('2s').describe('The longest time for a look.'),
  fall: z.int().min(1).default(3).describe('Looks in a row that take a server down.'),
  rise: z.int().min(1).default(2).describe('Looks in a row that bring it back.'),
});

/** The options of a check, whichever keys its chainer allows. */
type AnyCheck = Partial<CheckOptions> & Pick<CheckOptions, 'type'>;

function refuseWhatDoesNothing(options: AnyCheck, context: z.RefinementCtx): void {
  const { type, target } = options;
  const isConnect = type === 'connect';
  if (isConnect !== (target !== undefined)) {
    const message = isConnect ? 'a check of type connect needs a target' : 'target is for checks of type connect';
    context.addIssue({ code: 'custom', path: ['target'], message, input: options });
  }
  if (isConnect && options.port !== undefined) {
    context.addIssue({ code: 'custom', path: ['port'], message: 'the port is in target', input: options });
  }
  if ((type === 'tcp' || isConnect) && options.tls !== undefined) {
    const message = 'tls is for checks of type tls and http';
    context.addIssue({ code: 'custom', path: ['tls'], message, input: options });
  }
  if (type === 'http') return;
  for (const key of HTTP_ONLY) {
    if (options[key] === undefined) continue;
    const message = `${key} is for checks of type http`;
    context.addIssue({ code: 'custom', path: [key], message, input: options });
  }
}

const CHECK = 'Looks at each server, whether or not there are sessions.';

export const check = lazily(() => z.strictObject(checkShape()).superRefine(refuseWhatDoesNothing))
  .optional()
  .describe(CHECK);

/** Of a pool to whose servers only clients may speak TLS. */
export const checkByTls = lazily(() =>
  z.strictObject({ ...checkShape(), tls: checkTlsOption }).superRefine(refuseWhatDoesNothing),
)
  .optional()
  .describe(CHECK);

export const slowStart = duration({ minimum: 0 })
  .prefault('10s')
  .describe('Time in which a server that comes, or comes back, gets its full weight, from a tenth on. 0: at once.');

export const zone = z
  .string()
  .min(1)
  .optional()
  .describe('Where this proxy is. Servers with the same zone are preferred while 70 % of their weight is up.');

const size = z.int().min(1);

export const subset = lazily(() =>
  z.union([
    size.transform((servers): SubsetOptions => ({ size: servers, instance: hostname() })),
    z
      .strictObject({
        size: size.describe('Servers of each priority that are used.'),
        instance: z
          .string()
          .min(1)
          .optional()
          .describe('What is different in each proxy. Default: the name of the machine.'),
      })
      .transform(({ size: servers, instance = hostname() }): SubsetOptions => ({ size: servers, instance })),
  ]),
)
  .optional()
  .describe('Uses only so many of the servers; which ones is different in each of many proxies, and stays.');

export const required = z
  .boolean()
  .default(false)
  .describe('Whether the instance is not ready (/health/ready) while no server of this pool is up.');

export const minIdle = z
  .int()
  .min(0)
  .max(1_000)
  .default(0)
  .describe(
    'Idle connections that are kept ready for each server, in each worker, within serverPool.maxIdlePerServer.',
  );
