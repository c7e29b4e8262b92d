import { byteByByte, pseudoRandom } from '@inband/core';
import type { MemoryNetworkOptions } from '@inband/core';
import { nodeImplementation, opensslImplementation } from '@inband/tls';
import { describe } from 'vitest';
import { closingBehaviour } from '../closing-behaviour.ts';
import { flowBehaviour } from '../flow-behaviour.ts';
import { labPerTest } from '../lab-per-test.ts';
import { streamBehaviour } from '../stream-behaviour.ts';
import { memoryHarness } from '../harnesses.ts';
import type { TransportHarness } from '../lab.ts';
import { RECORD_OVERHEAD } from './record-overhead.ts';
import { throughTls } from './through-tls.ts';
import { transportConformance } from '../transport-suite.ts';

const KIBIBYTE = 1024;

type Options = MemoryNetworkOptions & { readonly largest: number };

const openssl = throughTls(opensslImplementation());
const node = throughTls(nodeImplementation);

async function overOpenssl(options: Options): Promise<TransportHarness> {
  return { ...(await memoryHarness(options, openssl)), overhead: RECORD_OVERHEAD };
}

transportConformance('TLS by node:tls over memory, in pieces of any size', () =>
  memoryHarness({ split: pseudoRandom(7), window: 4096, largest: 64 * KIBIBYTE }, node),
);

// Without the parts that make many handshakes.
describe('TLS by OpenSSL over memory, one byte at a time', () => {
  const lab = labPerTest(() => overOpenssl({ split: byteByByte, window: 1024, largest: 12 * KIBIBYTE }));
  describe('bytes', () => streamBehaviour(lab));
  describe('flow', () => flowBehaviour(lab));
  describe('closing', () => closingBehaviour(lab));
});
