import { pseudoRandom } from '@inband/core';
import type { MemoryNetworkOptions } from '@inband/core';
import { opensslImplementation } from '@inband/tls';
import { describe } from 'vitest';
import { closingBehaviour } from '../closing-behaviour.ts';
import { labPerTest } from '../lab-per-test.ts';
import { streamBehaviour } from '../stream-behaviour.ts';
import { volumeBehaviour } from '../volume-behaviour.ts';
import { memoryHarness } from '../harnesses.ts';
import type { TransportHarness } from '../lab.ts';
import { RECORD_OVERHEAD } from './record-overhead.ts';
import { throughTls } from './through-tls.ts';
import { transportConformance } from '../transport-suite.ts';

const KIBIBYTE = 1024;

type Options = MemoryNetworkOptions & { readonly largest: number };

const openssl = throughTls(opensslImplementation());

async function overOpenssl(options: Options): Promise<TransportHarness> {
  return { ...(await memoryHarness(options, openssl)), overhead: RECORD_OVERHEAD };
}

// memory-others.slow.test.ts has the others: node:tls, and one byte at a time.
transportConformance('TLS by OpenSSL over memory, in pieces of any size', () =>
  overOpenssl({ split: pseudoRandom(7), window: 4096, largest: 128 * KIBIBYTE }),
);
describe('TLS by OpenSSL within TLS over memory', () => {
  const lab = labPerTest(() => memoryHarness({ largest: 1024 * KIBIBYTE }, (transport) => openssl(openssl(transport))));
  describe('bytes', () => streamBehaviour(lab));
  describe('closing', () => closingBehaviour(lab));
  describe('volume', () => volumeBehaviour(lab));
});
