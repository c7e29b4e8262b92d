import { byteByByte, pseudoRandom } from '@inband/core';
import type { MemoryNetworkOptions } from '@inband/core';
import { opensslImplementation } from '@inband/tls';
import { memoryHarness } from '../harnesses.ts';
import type { TransportHarness } from '../lab.ts';
import { throughTls } from './through-tls.ts';
import { transportConformance } from '../transport-suite.ts';

const KIBIBYTE = 1024;
/** What TLS 1.3 adds to each record: its head, the type, and the tag. */
const overhead = 5 + 1 + 16;

const openssl = throughTls(opensslImplementation());

async function overTls(options: MemoryNetworkOptions & { readonly largest: number }): Promise<TransportHarness> {
  return { ...(await memoryHarness(options, openssl)), overhead };
}

transportConformance('TLS over memory', () => overTls({ largest: 4 * 1024 * KIBIBYTE }));
transportConformance('TLS over memory, one byte at a time', () =>
  overTls({ split: byteByByte, window: 1024, largest: 12 * KIBIBYTE }),
);
transportConformance('TLS over memory, in pieces of any size', () =>
  overTls({ split: pseudoRandom(7), window: 4096, largest: 128 * KIBIBYTE }),
);
