import { once } from 'node:events';
import { connect as connectNode } from 'node:tls';
import { duplexFromConnection } from '@inband/core';
import { nodeImplementation, opensslImplementation } from '@inband/tls';
import { afterEach, describe, expect, test } from 'vitest';
import { certificate, contextsOf, release } from './contexts.ts';
import type { ContextOptions } from './contexts.ts';
import { Secured } from './secured.ts';
import type { Peers } from './secured.ts';
import type { Side, Wire } from './wire.ts';

const openssl = opensslImplementation();
const node = nodeImplementation;

/** Who speaks with whom. */
const pairs: readonly Peers[] = [
  { client: openssl, server: openssl },
  { client: node, server: openssl },
  { client: openssl, server: node },
  { client: node, server: node },
];
const sides: readonly Side[] = ['client', 'server'];
const HANDSHAKE = 22;
const DATA = 23;

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  expect(openssl.living).toMatchObject({ connections: 0, contexts: 0, sessions: 0 });
});

/** A handshake that is going on. What it leaves is closed after the test, and counted. */
function begin(peers: Peers, options: ContextOptions = {}, prepare?: (wire: Wire) => void): Secured {
  const contexts = contextsOf(peers, options);
  const secured = new Secured(peers, contexts, prepare);
  opened.push(async () => {
    expect(await secured.close()).toEqual([]);
    expect(secured.wire.open).toBe(0);
    release(contexts);
  });
  return secured;
}

function other(side: Side): Side {
  return side === 'client' ? 'server' : 'client';
}

describe.each(pairs)('$client.name speaks with $server.name:', (peers) => {
  test('both sides know what was agreed', async () => {
    const offers = { client: { alpn: ['h2', 'http/1.1'] }, server: { alpn: ['http/1.1'] } };
    const secured = begin(peers, offers);
    await secured.probes();
    const facts = { version: 'TLSv1.3', serverName: 'localhost', alpn: 'http/1.1', resumed: false };
    expect(secured.ends.client?.connection?.tls).toMatchObject({ ...facts, peer: { names: { dns: ['localhost'] } } });
    expect(secured.ends.server?.connection?.tls).toMatchObject(facts);
    expect(secured.ends.server?.connection?.tls.peer).toBeUndefined();
  });

  test('records that come together, in pieces, or cut in their heads are the same', async () => {
    for (const size of [1, 3, 5, 6, 1000]) {
      const secured = begin(peers, {}, (wire) => {
        wire.onRecord = (_from, record) => cut(record, size);
      });
      const { client, server } = await secured.probes();
      client.resume();
      server.resume();
      client.write('question');
      server.write('answer '.repeat(3000));
      await server.untilLength(8);
      await client.untilLength(21_000);
      expect([server.text, client.text]).toEqual(['question', 'answer '.repeat(3000)]);
    }
  });

  test.each(sides)('close_notify ends what the %s sends, also without a FIN', async (side) => {
    const secured = begin(peers);
    const probes = await secured.probes();
    const peer = probes[other(side)];
    peer.resume();
    probes[side].write('last words');
    probes[side].end();
    await peer.untilEnded();
    expect(peer.text).toBe('last words');
    expect(peer.isClosed).toBe(false);
  });

  test.each(sides)('a FIN without close_notify is an error for the %s, and no end', async (side) => {
    const secured = begin(peers);
    const probes = await secured.probes();
    const probe = probes[side];
    probe.resume();
    probes[other(side)].write('half of it');
    await probe.untilLength(10);
    secured.wire.finish(side);
    await probe.untilClosed();
    expect(probe.events).toEqual(['data', 'closed']);
    expect(probe.error).toMatchObject({
      code: 'connection_terminated',
      message: expect.stringContaining('close_notify'),
    });
  });

  test.each(sides)('a FIN behind data that the %s has not read is told after it', async (side) => {
    const secured = begin(peers);
    const probes = await secured.probes();
    const probe = probes[side];
    probes[other(side)].write('half of it');
    await secured.wire.quiet();
    secured.wire.finish(side);
    await secured.wire.quiet();
    expect(probe.events).toEqual([]);
    probe.resume();
    await probe.untilClosed();
    expect(probe.text).toBe('half of it');
    expect(probe.error).toMatchObject({ code: 'connection_terminated' });
  });

  test.each(sides)('a record that was changed is an error for the %s, and its alert one for the peer', async (side) => {
    const secured = begin(peers);
    const probes = await secured.probes();
    const [probe, peer] = [probes[side], probes[other(side)]];
    probe.resume();
    peer.resume();
    peer.write('genuine');
    await probe.untilLength(7);
    secured.wire.onRecord = (from, record) => [from === side ? record : flipped(record, record.length - 1)];
    peer.write('forged');
    await Promise.all([probe.untilClosed(), peer.untilClosed()]);
    expect(probe.text).toBe('genuine');
    expect(probe.error).toMatchObject({ code: 'tls_protocol_error' });
    expect(peer.error).toMatchObject({
      code: 'tls_protocol_error',
      message: expect.stringMatching(/bad record mac|bad_record_mac/i),
    });
  });

  test.each(sides)('a record that comes twice is refused by the %s', async (side) => {
    const secured = begin(peers);
    const probes = await secured.probes();
    probes[side].resume();
    await secured.wire.quiet();
    secured.wire.onRecord = (from, record) => (from === side ? [record] : [record, record]);
    probes[other(side)].write('once');
    await probes[side].untilClosed();
    expect(probes[side].text).toBe('once');
    expect(probes[side].error).toMatchObject({ code: 'tls_protocol_error' });
  });

  test('a certificate that is not trusted is refused with its reason, which the server learns', async () => {
    const secured = begin(peers, { client: { ca: [] } });
    const client = await secured.end('client');
    expect(client.error).toMatchObject({ failure: 'certificate', message: expect.stringContaining('self-signed') });
    const server = await secured.end('server');
    if (peers.client === openssl) expect(server.error).toMatchObject({ failure: 'alert', alert: 'unknown_ca' });
    await secured.wire.quiet();
    expect(secured.wire.open).toBe(0);
  });

  test('a client without a common protocol is refused', async () => {
    const secured = begin(peers, { client: { alpn: ['h2'] }, server: { alpn: ['http/1.1'] } });
    expect((await secured.end('client')).error).toMatchObject({ failure: 'alert', alert: 'no_application_protocol' });
    expect((await secured.end('server')).error).toMatchObject({ failure: 'protocol' });
  });

  test.each(sides)('what is no TLS is refused by the %s', async (side) => {
    const secured = begin(peers, {}, (wire) => {
      wire.onRecord = (from, record) => (from === side ? [record] : [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')]);
      if (side === 'server') wire.send('server', Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    });
    const { error } = await secured.end(side);
    expect(error).toMatchObject({ name: 'TlsHandshakeError', failure: 'protocol' });
  });

  test('a handshake that stalls at any record can be cancelled on both sides', async () => {
    let records = Infinity;
    for (let stall = 0; stall < records; stall += 1) {
      const secured = begin(peers, {}, (wire) => {
        wire.onRecord = (_from, record, number) => (number < stall ? [record] : []);
      });
      await secured.wire.quiet();
      secured.cancel('client');
      secured.cancel('server');
      await secured.wire.quiet();
      if (secured.ends.client?.probe && secured.ends.server?.probe) records = stall;
      expect(stall).toBeLessThan(20);
    }
    expect(records).toBeGreaterThan(2);
  });

  test('an end at any record of the handshake is told as such', async () => {
    for (let stall = 0; stall < 4; stall += 1) {
      const secured = begin(peers, {}, (wire) => {
        wire.onRecord = (_from, record, number) => (number < stall ? [record] : []);
      });
      await secured.wire.quiet();
      secured.wire.finish('client');
      secured.wire.finish('server');
      for (const side of sides) {
        const { error, probe } = await secured.end(side);
        if (probe === undefined) expect(error).toMatchObject({ failure: 'closed' });
      }
    }
  });

  test('tickets that come after the handshake let the next connection resume', async () => {
    const contexts = contextsOf(peers);
    for (const resumed of [false, true]) {
      const secured = new Secured(peers, contexts);
      const { client, server } = await secured.probes();
      expect(secured.ends.client?.connection?.tls).toMatchObject({ resumed, peer: { names: { dns: ['localhost'] } } });
      expect(secured.ends.server?.connection?.tls.resumed).toBe(resumed);
      client.resume();
      server.resume();
      server.write('first data');
      await client.untilLength(10);
      expect(await secured.close()).toEqual([]);
    }
    release(contexts);
  });
});

test.each([openssl, node])('$name refuses to negotiate anew', async (server) => {
  const secured = begin({ client: silent, server });
  const stream = duplexFromConnection(secured.wire.client);
  // It is reset after the test.
  stream.on('error', () => {});
  const socket = connectNode({
    socket: stream,
    ca: certificate,
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const { probe, connection } = await secured.end('server');
  expect(connection?.tls.version).toBe('TLSv1.2');
  probe?.resume();
  const refused = new Promise((resolve) => socket.once('error', resolve));
  socket.renegotiate({}, () => {});
  expect(await refused).toMatchObject({ reason: 'no renegotiation' });
});

/** Does nothing, where something else is the client. */
const silent = { ...node, connect: () => ({ cancel: () => {} }) };

test('the bytes that were read of a client already are the beginning of its handshake', async () => {
  const wire = begin({ client: openssl, server: { ...openssl, accept: () => ({ cancel: () => {} }) } }).wire;
  const hello = await new Promise<Buffer>((resolve) => {
    wire.onRecord = (_from, record) => {
      resolve(Buffer.from(record));
      return [];
    };
  });
  expect(hello[0]).toBe(HANDSHAKE);
  const contexts = contextsOf({ client: openssl, server: openssl });
  wire.onRecord = (_from, record) => [record];
  const accepted = await new Promise<boolean>((resolve) => {
    openssl.accept(wire.server, contexts.server, hello, (error, connection) => {
      connection?.destroy();
      resolve(error === undefined);
    });
  });
  expect(accepted).toBe(true);
  release(contexts);
});

test('what is written at once becomes one record', async () => {
  const secured = begin({ client: openssl, server: openssl });
  const { client, server } = await secured.probes();
  client.resume();
  await secured.wire.quiet();
  const sizes: number[] = [];
  secured.wire.onRecord = (_from, record) => {
    if (record[0] === DATA) sizes.push(record.length);
    return [record];
  };
  server.write('x'.repeat(16_384));
  await client.untilLength(16_384);
  expect(sizes).toHaveLength(1);
});

function cut(record: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < record.length; at += size) pieces.push(record.subarray(at, at + size));
  return pieces;
}

function flipped(record: Buffer, at: number): Buffer {
  const changed = Buffer.from(record);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
