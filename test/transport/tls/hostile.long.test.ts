import { nodeImplementation, opensslImplementation } from '@inband/tls';
import { afterAll, expect, test } from 'vitest';
import { contextsOf, release } from './contexts.ts';
import { mutate } from './mutate.ts';
import { numbersFrom } from './numbers-from.ts';
import { Secured } from './secured.ts';
import type { Peers } from './secured.ts';
import type { Side } from './wire.ts';

const openssl = opensslImplementation();
const node = nodeImplementation;

/** How many handshakes are attacked. For more: `INBAND_TLS_MUTATIONS=100000 npx vitest run test/transport/tls/hostile.long.test.ts`. */
const MUTATIONS = Number(process.env['INBAND_TLS_MUTATIONS'] ?? 300);
/** Milliseconds for all of them, on a slow machine. */
const PATIENCE = 20_000 + 30 * MUTATIONS;
/** Where their seeds begin. */
const FIRST_SEED = Number(process.env['INBAND_TLS_SEED'] ?? 1);

const peers: Peers = { client: openssl, server: openssl };
const contexts = contextsOf(peers);
const older = contextsOf(peers, { client: { maxVersion: '1.2' } });
const sides: readonly Side[] = ['client', 'server'];

afterAll(() => {
  release(contexts);
  release(older);
});

const sent = { client: 'question '.repeat(50), server: 'answer '.repeat(500) };

/** Has both sides write as soon as they can, and reads whatever comes. */
async function talk(secured: Secured): Promise<void> {
  for (const side of sides) {
    void secured.end(side).then(({ probe }) => {
      if (probe === undefined || probe.isClosed) return;
      probe.resume();
      probe.write(sent[side]);
      probe.end();
    });
  }
  await secured.wire.quiet();
}

/** What nothing that is sent to a side may change: what it read is what the peer wrote, or the beginning of it. */
function expectGenuine(secured: Secured): void {
  expect(sent.server.startsWith(secured.ends.client?.probe?.text ?? '')).toBe(true);
  expect(sent.client.startsWith(secured.ends.server?.probe?.text ?? '')).toBe(true);
}

test('many clients that abort in the middle leave nothing', async () => {
  const before = openssl.living.connections;
  const random = numbersFrom(7);
  for (let clients = 0; clients < 1_000; clients += 1) {
    const last = random(8);
    const how = random(4);
    const secured = new Secured(peers, contexts, (wire) => {
      wire.onRecord = (_from, record, number) => (number < last ? [record] : number > last ? [] : abort(record));
      const abort = (record: Buffer): Uint8Array[] => {
        if (how === 0) wire.reset();
        else if (how === 1) wire.finish('server');
        else if (how === 2) setImmediate(() => secured.cancel('client'));
        return [record.subarray(0, random(record.length))];
      };
    });
    await talk(secured);
    expect(await secured.close()).toEqual([]);
    expect(secured.wire.open).toBe(0);
  }
  expect(openssl.living.connections).toBe(before);
});

test('the older version is spoken where it is the highest', async () => {
  const secured = new Secured(peers, older);
  expect((await secured.end('client')).connection?.tls.version).toBe('TLSv1.2');
  await secured.close();
});

test.each([
  ['TLS 1.3', contexts],
  ['TLS 1.2', older],
] as const)(
  'no record that was changed is taken for a genuine one, or leaves anything (%s)',
  async (_version, shared) => {
    const before = openssl.living.connections;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MUTATIONS; seed += 1) {
      const random = numbersFrom(seed);
      const victim = random(14);
      const secured = new Secured(peers, shared, (wire) => {
        wire.onRecord = (_from, record, number) => (number === victim ? mutate(record, random) : [record]);
      });
      await talk(secured);
      expectGenuine(secured);
      expect(await secured.close(), `seed ${seed}`).toEqual([]);
    }
    expect(openssl.living.connections).toBe(before);
  },
);

test('no bytes of any kind bring a side down, or through its handshake', { timeout: PATIENCE }, async () => {
  const before = openssl.living.connections;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + MUTATIONS; seed += 1) {
    const random = numbersFrom(seed);
    const victim = sides[random(2)] ?? 'client';
    const secured = new Secured(peers, contexts, (wire) => {
      wire.onRecord = (from, record) => (from === victim ? [record] : []);
    });
    for (let records = 1 + random(4); records > 0; records -= 1) secured.wire.send(victim, noise(random));
    await secured.wire.quiet();
    expect(secured.ends[victim]?.probe).toBeUndefined();
    expect(await secured.close()).toEqual([]);
  }
  expect(openssl.living.connections).toBe(before);
});

test.each([
  [openssl, openssl],
  [node, openssl],
  [openssl, node],
])('%# a side that does not read is not sent without end', async (client, server) => {
  const mixed = contextsOf({ client, server });
  const secured = new Secured({ client, server }, mixed);
  const probes = await secured.probes();
  const block = Buffer.alloc(64 * 1024);
  let written = 0;
  while (probes.client.write(block) && written < 64 * 1024 * 1024) {
    written += block.length;
    await secured.wire.quiet();
  }
  // The windows of the wire, and at most as much again within TLS.
  expect(written).toBeLessThan(4 * 1024 * 1024);
  expect(await secured.close()).toEqual([]);
  release(mixed);
});

/** A record with a head that could be one, and content that is none. */
function noise(random: (below: number) => number): Buffer {
  const content = Buffer.from(Array.from({ length: random(300) }, () => random(256)));
  const length = random(4) === 0 ? random(70_000) % 65_536 : content.length;
  return Buffer.concat([Buffer.of(20 + random(6), 3, random(5), length >> 8, length & 255), content]);
}
