import { createEpollTransport, createNodeTransport, type Transport } from '@inband/core';
import { opensslImplementation } from '@inband/tls';
import { describe, expect, test } from 'vitest';
import { flowBehaviour } from '../flow-behaviour.ts';
import { loopbackHarness } from '../harnesses.ts';
import { labPerTest } from '../lab-per-test.ts';
import { patternDigest, sendPattern } from '../pattern.ts';
import { streamBehaviour } from '../stream-behaviour.ts';
import { volumeBehaviour } from '../volume-behaviour.ts';
import { throughTls } from './through-tls.ts';
import { RECORD_OVERHEAD } from './record-overhead.ts';

const MEBIBYTE = 1024 * 1024;
/** MiB that are sent at once: `INBAND_TLS_MEBIBYTES=1024` for a GiB. */
const MOST = Number(process.env['INBAND_TLS_MEBIBYTES'] ?? 32);
const openssl = throughTls(opensslImplementation());

// Not how it closes: the kernel resets a connection that is closed with unread session tickets. memory.long.test.ts has all of it.
function conformance(transport: Transport): void {
  const lab = labPerTest(async () => ({
    ...(await loopbackHarness(openssl(transport), '127.0.0.1')),
    overhead: RECORD_OVERHEAD,
    largest: 16 * MEBIBYTE,
  }));
  describe('bytes', () => streamBehaviour(lab));
  describe('flow', () => flowBehaviour(lab));
  describe('volume', () => volumeBehaviour(lab));

  test('a large transfer arrives whole', { timeout: 60_000 + 500 * MOST }, async () => {
    const { client, server } = await lab().pair();
    client.resume();
    server.resume();
    await sendPattern(server, MOST * MEBIBYTE);
    await client.untilEnded();
    expect(client.length).toBe(MOST * MEBIBYTE);
    expect(client.digest()).toBe(patternDigest(MOST * MEBIBYTE));
  });
}

describe('TLS by OpenSSL over node', () => conformance(createNodeTransport()));
describe.skipIf(process.platform !== 'linux')('TLS by OpenSSL over epoll', () => conformance(createEpollTransport()));
