import { byteByByte, pseudoRandom } from '@inband/core';
import type { MemoryNetworkOptions } from '@inband/core';
import { nodeImplementation, opensslImplementation } from '@inband/tls';
import { memoryHarness } from '../harnesses.ts';
import type { TransportHarness } from '../lab.ts';
import { throughTls } from './through-tls.ts';
import { transportConformance } from '../transport-suite.ts';

const KIBIBYTE = 1024;
/** What TLS 1.3 adds to each record: its head, the type, and the tag. */
const overhead = 5 + 1 + 16;

type Options = MemoryNetworkOptions & { readonly largest: number };

const openssl = throughTls(opensslImplementation());
const node = throughTls(nodeImplementation);

async function overOpenssl(options: Options): Promise<TransportHarness> {
  return { ...(await memoryHarness(options, openssl)), overhead };
}

// As much as many windows hold.
transportConformance('TLS by OpenSSL over memory', () => overOpenssl({ largest: 4 * 1024 * KIBIBYTE }));
transportConformance('TLS by OpenSSL over memory, one byte at a time', () =>
  overOpenssl({ split: byteByByte, window: 1024, largest: 12 * KIBIBYTE }),
);
transportConformance('TLS by OpenSSL over memory, in pieces of any size', () =>
  overOpenssl({ split: pseudoRandom(7), window: 4096, largest: 128 * KIBIBYTE }),
);
transportConformance('TLS by node:tls over memory', () => memoryHarness({ largest: 1024 * KIBIBYTE }, node));
transportConformance('TLS by node:tls over memory, in pieces of any size', () =>
  memoryHarness({ split: pseudoRandom(7), window: 4096, largest: 64 * KIBIBYTE }, node),
);
