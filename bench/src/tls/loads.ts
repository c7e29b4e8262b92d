import type { RequestSpec } from '../load/request.ts';
import { BROWSER_GET } from '../workloads.ts';
import { HOST } from './certificate.ts';

/** What is put on a proxy, and how its figure is counted. */
export interface TlsLoad {
  readonly name: 'small' | 'browser' | 'handshake' | 'resumed' | 'volume';
  readonly by: 'wrk' | 'ab';
  readonly title: string;
  readonly request: RequestSpec;
  readonly connections: number;
  /** Whether its connections stay open from one turn to the next. */
  readonly isKept?: boolean;
  /** Units of the figure that one request is: 1 for requests, its share of a GiB for volumes. */
  readonly units: number;
  /** Microseconds are divided by it. */
  readonly scale: number;
  readonly unit: string;
}

const MIB = 1024 * 1024;
/** The bytes of the large answer. */
export const LARGE = 64 * MIB;

const small: RequestSpec = { method: 'GET', path: '/', host: HOST, fields: [], content: 0, answer: 100 };

/**
 * Workloads 1, 2, 5 and 7 of the benchmark without TLS. A connection of ab begins with a full handshake. Those of wrk resume the
 * session of the one before, except for the first 64.
 */
export const LOADS: readonly TlsLoad[] = [
  {
    name: 'small',
    title: '1: small GET',
    by: 'wrk',
    request: small,
    connections: 64,
    isKept: true,
    units: 1,
    scale: 1,
    unit: 'µs',
  },
  {
    name: 'browser',
    title: '2: browser GET',
    by: 'wrk',
    request: { ...BROWSER_GET, host: HOST },
    connections: 64,
    isKept: true,
    units: 1,
    scale: 1,
    unit: 'µs',
  },
  {
    name: 'handshake',
    title: '5: a connection per request',
    by: 'ab',
    request: small,
    connections: 64,
    units: 1,
    scale: 1,
    unit: 'µs',
  },
  {
    name: 'resumed',
    title: '5: the same, sessions resumed',
    by: 'wrk',
    request: { ...small, fields: [['Connection', 'close']] },
    connections: 64,
    units: 1,
    scale: 1,
    unit: 'µs',
  },
  {
    name: 'volume',
    title: '7: a GiB',
    by: 'wrk',
    request: { ...small, path: '/64m', answer: LARGE },
    connections: 2,
    units: LARGE / (1024 * MIB),
    scale: 1000,
    unit: 'ms',
  },
];
