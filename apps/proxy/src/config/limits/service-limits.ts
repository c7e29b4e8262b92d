import { duration, lazily } from '@inband/chainers';
import * as z from 'zod';
import { bandwidth, minimumRate, quota } from './byte-rates.ts';
import { rate } from './rate.ts';
import { size } from '../values/size.ts';

/** Milliseconds. */
const LONGEST_PAUSE = 30_000;

const most = () => z.int().min(1).max(10_000_000);

/** What the service, a client or a user may have. `who` completes a sentence: "of one client". */
function shared(who: string) {
  return {
    requests: rate.optional().describe(`Requests ${who}, CONNECT among them. Beyond it they are refused, or wait.`),
    newConnections: rate.optional().describe(`New connections ${who}. Beyond it they are reset.`),
    connections: most().optional().describe(`Connections ${who} at one time.`),
    tunnels: most().optional().describe(`Tunnels ${who} at one time: CONNECT, SOCKS and upgrades.`),
    bandwidth: bandwidth
      .optional()
      .describe(`Bytes per second each way of bodies and tunnels ${who}, which are read no faster.`),
    quota: quota
      .optional()
      .describe(`Bytes of bodies and tunnels ${who} in a day, both ways together. Beyond it they end.`),
  };
}

/** `services.NAME.limits`. */
export const serviceLimits = lazily(() =>
  z
    .strictObject({
      ...shared('of the whole service'),
      perClient: z.strictObject(shared('of one client')).prefault({}).describe('What one client may have.'),
      perUser: z
        .strictObject(shared('of one user'))
        .prefault({})
        .describe('What one user may have who has authenticated, from whatever addresses.'),
      requestsPerConnection: most().optional().describe('Requests on one connection, which ends behind the last.'),
      pause: z
        .strictObject({
          longest: duration()
            .refine((milliseconds) => milliseconds <= LONGEST_PAUSE, 'expected at most 30s, because clients give up.')
            .prefault('5s')
            .describe('Who would have to wait longer is refused.'),
          waiting: z.int().min(1).max(1_000_000).default(1_000).describe('Requests that wait at one time, at most.'),
        })
        .optional()
        .describe('Requests beyond a rate wait for their turn. Left out: they are refused at once.'),
      minimumRate: minimumRate
        .optional()
        .describe('How fast clients must send bodies of requests, and take those of answers.'),
      queued: size(2 ** 20, 2 ** 40)
        .optional()
        .describe('Memory of bytes queued for peers that do not keep up, in all. Beyond it nothing more is read.'),
      ipv4Prefix: z.int().min(1).max(32).default(32).describe('Bits of an IPv4 address that make one client.'),
      ipv6Prefix: z.int().min(1).max(128).default(64).describe('Bits of an IPv6 address that make one client.'),
    })
    .describe('How much clients and users may ask of this service.'),
);

interface LimitProblem {
  /** From the service on. */
  readonly path: string[];
  readonly message: string;
}

interface LimitedService {
  readonly proxy: 'http' | 'tls';
  readonly auth: unknown;
  readonly limits: z.output<typeof serviceLimits> | undefined;
}

/** What is wrong with the limits of a service. */
export function limitProblems({ proxy, auth, limits }: LimitedService): LimitProblem[] {
  if (limits === undefined) return [];
  const { perClient, perUser } = limits;
  if (proxy === 'tls') return beyondGuards(limits).map((path) => ({ path: ['limits', ...path], message: OF_GUARDS }));
  const isRated = [limits, perClient, perUser].some(({ requests }) => requests !== undefined);
  const hasUsers = auth !== undefined || Object.keys(perUser).length === 0;
  return [
    ...(hasUsers ? [] : [{ path: ['limits', 'perUser'], message: NO_USERS }]),
    ...(limits.pause === undefined || isRated ? [] : [{ path: ['limits', 'pause'], message: NO_RATE }]),
  ];
}

const OF_GUARDS = 'a TLS guard reads no requests; limit them at the service around it.';
const NO_USERS = 'without "auth" nobody is a user, so that nothing would be limited.';
const NO_RATE = 'without a rate of "requests" none of them waits.';

/** What a guard limits, of all its clients together or of one of them. */
const LIMITED_BY_GUARDS: readonly string[] = ['connections', 'newConnections', 'bandwidth', 'quota', 'queued'];

/** The paths of all that a guard cannot limit. */
function beyondGuards(limits: z.output<typeof serviceLimits>): string[][] {
  const { perClient, perUser, ipv4Prefix: _four, ipv6Prefix: _six, ...ofService } = limits;
  return [
    ...keysBeyond(ofService).map((key) => [key]),
    ...keysBeyond(perClient).map((key) => ['perClient', key]),
    ...Object.keys(perUser).map((key) => ['perUser', key]),
  ];
}

function keysBeyond(limits: object): string[] {
  return Object.keys(limits).filter((key) => !LIMITED_BY_GUARDS.includes(key));
}
