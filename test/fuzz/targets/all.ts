import { authorities } from './authorities.ts';
import { chunkedBodies } from './chunked-bodies.ts';
import { hellos } from './hellos.ts';
import { requestHeads } from './request-heads.ts';
import { responseHeads } from './response-heads.ts';
import type { FuzzTarget } from './target.ts';
import { tlsRecords } from './tls-records.ts';
import { wholeProxy } from './whole-proxy.ts';
import { zones } from './zones.ts';

export const targets: readonly FuzzTarget[] = [
  requestHeads,
  responseHeads,
  chunkedBodies,
  authorities,
  zones,
  hellos,
  tlsRecords,
  wholeProxy,
];
