import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../../test-support/certificates.ts';
import { deliver, readAll, sent, shakeHands, testTls, write } from '../../test-support/engines.ts';
import { allowRenegotiation, renegotiate } from '../../test-support/foreign-calls.ts';
import type { OpenSslClientContext } from './client-context.ts';
import type { OpenSslEngine } from './engine.ts';
import type { OpenSslServerContext } from './server-context.ts';

const authority = makeAuthority();
const issued = authority.issue({ names: ['a.example'] });
const { tls, calls, lastConnection } = testTls();

/** Numbers that are the same in each run: below `most`. */
function randomOf(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
  };
}

/** A copy in which one to three bytes are others, or a part is missing, or doubled. */
function mutated(bytes: Buffer, random: (most: number) => number): Buffer {
  const from = random(bytes.length);
  const to = Math.min(bytes.length, from + 1 + random(40));
  const kind = random(5);
  if (kind === 0) return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  const copy = Buffer.from(bytes);
  for (let count = 1 + random(3); count > 0; count--) {
    const at = random(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 + random(255));
  }
  return copy;
}

describe.skipIf(process.platform !== 'linux').each(['1.2', '1.3'] as const)('with TLS %s, an engine', (settled) => {
  const versions = { minVersion: settled, maxVersion: settled };
  let servers: OpenSslServerContext;
  let clients: OpenSslClientContext;
  const engines: OpenSslEngine[] = [];

  beforeAll(() => {
    const identity = { certificate: issued.chain, key: issued.key };
    const alpn = ['http/1.1'];
    servers = tls.serverContext({ identity, alpn, clientAuth: 'request', ca: [authority.cert], ...versions });
    clients = tls.clientContext({ ca: [authority.cert], alpn, ...versions });
  });

  afterAll(() => {
    servers.release();
    clients.release();
    expect(tls.living).toMatchObject({ contexts: 0, sessions: 0 });
  });

  afterEach(() => {
    for (const engine of engines.splice(0)) engine.free();
    expect(tls.living.connections).toBe(0);
    expect(calls.takeErrors()).toEqual([]);
  });

  /** A pair that is connected, or has not begun. */
  function pair(isConnected = true): { client: OpenSslEngine; server: OpenSslEngine } {
    const server = servers.engine();
    const client = clients.engine('a.example', undefined);
    engines.push(client, server);
    if (isConnected) expect(shakeHands(client, server)).toEqual({ client: 'done', server: 'done' });
    return { client, server };
  }

  function feed(engine: OpenSslEngine, bytes: Buffer): void {
    engine.feed(bytes, 0, bytes.length);
  }

  test('fails at a record that was changed, tells the peer, and says so again and again', () => {
    const { client, server } = pair();
    write(client, 'before ');
    const before = sent(client);
    write(client, 'changed');
    const record = sent(client);
    const last = record.length - 1;
    record[last] = (record[last] ?? 0) ^ 1;
    feed(server, Buffer.concat([before, record]));
    expect(server.read()).toBe('before '.length);
    const fault = server.read();
    expect(fault).toMatchObject({
      reason: 'decryption failed or bad record mac',
      side: 'peer',
      alert: { direction: 'sent', number: 20, name: 'bad_record_mac' },
      verification: undefined,
    });
    expect(server.read()).toBe(fault);
    expect(write(server, 'x')).toBe(fault);
    deliver(server, client);
    expect(readAll(client).end).toMatchObject({
      side: 'own',
      alert: { direction: 'received', number: 20, name: 'bad_record_mac' },
    });
  });

  test('fails at clear text, and at what is no TLS', () => {
    for (const text of [
      'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
      '\u0000'.repeat(100),
      '\u0016\u0003\u0001\u0000\u0004\u0001\u0000\u0000\u0000',
    ]) {
      const { server } = pair(false);
      server.handshake();
      feed(server, Buffer.from(text, 'latin1'));
      const fault = server.handshake();
      expect(fault).toMatchObject({ side: 'peer', reason: expect.stringMatching(/^[a-z]/) });
      expect(server.handshake()).toBe(fault);
    }
    const { client } = pair(false);
    client.handshake();
    feed(client, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(client.handshake()).toMatchObject({ side: 'peer' });
  });

  test('fails at data in front of the handshake', () => {
    const { client, server } = pair(false);
    client.handshake();
    const hello = sent(client);
    feed(server, Buffer.concat([Buffer.from([23, 3, 3, 0, 2, 1, 2]), hello]));
    expect(server.handshake()).toMatchObject({
      side: 'peer',
      alert: { direction: 'sent', name: 'unexpected_message' },
    });
  });

  test('refuses to write before the handshake is done', () => {
    const { client } = pair(false);
    client.handshake();
    expect(write(client, 'early')).toMatchObject({ side: 'own' });
    expect(client.handshake()).toMatchObject({ side: 'own' });
  });

  test('does not take errors of other code for its own', () => {
    const { client, server } = pair();
    write(client, 'cut');
    const record = sent(client);
    server.feed(record, 0, 10);
    const context = calls.newContext('client');
    expect(calls.setCiphers(context, 'NO-SUCH')).toBe(false);
    calls.freeContext(context);
    expect(server.read()).toBe(0);
    server.feed(record, 10, record.length);
    expect(readAll(server)).toEqual({ bytes: Buffer.from('cut'), end: 0 });
  });

  test.runIf(settled === '1.2')('refuses another handshake, whoever asks for it', () => {
    const { client, server } = pair();
    const ofClient = lastConnection();
    allowRenegotiation(ofClient);
    expect(renegotiate(ofClient)).toBe(1);
    expect(client.takeCipher()).toBe(0);
    calls.handshake(ofClient);
    expect(deliver(client, server)).toBeGreaterThan(0);
    expect(readAll(server)).toEqual({ bytes: Buffer.of(), end: 0 });
    deliver(server, client);
    expect(readAll(client).end).toMatchObject({ reason: 'no renegotiation' });
    write(server, 'still there');
    expect(sent(server).length).toBeGreaterThan(0);
  });

  test('survives thousands of ClientHellos that were changed', () => {
    const random = randomOf(0x1234);
    const { client } = pair(false);
    client.handshake();
    const hello = sent(client);
    const reasons = new Set<string>();
    const rounds = 1500;
    for (let round = 0; round < rounds; round++) {
      const { server } = pair(false);
      feed(server, mutated(hello, random));
      const outcome = server.handshake();
      if (typeof outcome === 'object') reasons.add(outcome.reason);
      for (const engine of engines.splice(2)) engine.free();
    }
    expect(reasons.size).toBeGreaterThan(rounds < 1500 ? 3 : 7);
    expect(reasons).not.toContain('unknown');
  });

  test('survives changes of every later message of a handshake', () => {
    const random = randomOf(0x4321);
    let faults = 0;
    const rounds = 300;
    for (let round = 0; round < rounds; round++) {
      const { client, server } = pair(false);
      const sides: [OpenSslEngine, OpenSslEngine] = round % 2 === 0 ? [client, server] : [server, client];
      client.handshake();
      deliver(client, server);
      let outcome = server.handshake();
      if (sides[0] === client) {
        feed(client, mutated(sent(server), random));
        outcome = client.handshake();
      } else {
        deliver(server, client);
        client.handshake();
        feed(server, mutated(sent(client), random));
        outcome = server.handshake();
      }
      if (typeof outcome === 'object') faults++;
      for (const engine of engines.splice(0)) engine.free();
    }
    expect(faults).toBeGreaterThan((rounds * 2) / 3);
  });

  test('survives changed and random records once it is open', () => {
    const random = randomOf(0x9876);
    let faults = 0;
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      const { client, server } = pair();
      for (const part of ['one', 'two', 'three']) write(client, part);
      const bytes = sent(client);
      const noise = Buffer.from(Array.from({ length: 60 }, () => random(256)));
      const head = Buffer.from([20 + random(5), 3, 3, 0, 40 + random(20)]);
      feed(server, round % 2 === 0 ? mutated(bytes, random) : Buffer.concat([bytes.subarray(0, 30), head, noise]));
      if (typeof readAll(server).end === 'object') faults++;
      for (const engine of engines.splice(0)) engine.free();
    }
    expect(faults).toBeGreaterThan((rounds * 3) / 4);
    const { client, server } = pair();
    write(client, 'well');
    deliver(client, server);
    expect(readAll(server).bytes.toString()).toBe('well');
  });

  test('makes its handshake among many others that are at any step, are broken off, or fail', () => {
    const random = randomOf(0x5555);
    const pairs = Array.from({ length: 60 }, () => ({ ...pair(false), isOver: false }));
    let done = 0;
    for (let step = 0; step < 4000; step++) {
      const each = pairs[random(pairs.length)];
      if (each === undefined || each.isOver) continue;
      const [from, to] = random(2) === 0 ? [each.client, each.server] : [each.server, each.client];
      const outcome = from.handshake();
      const bytes = sent(from);
      // One in a hundred is changed, and one in a hundred broken off.
      const luck = random(100);
      const cut = random(bytes.length + 1);
      if (luck === 0 && bytes.length > 0) bytes[cut % bytes.length] = random(256);
      to.feed(bytes, 0, cut);
      to.handshake();
      to.feed(bytes, cut, bytes.length);
      const answer = to.handshake();
      const isDone = outcome === 'done' && answer === 'done';
      each.isOver = luck === 1 || isDone || typeof outcome === 'object' || typeof answer === 'object';
      if (isDone) {
        done++;
        write(from, 'hello');
        deliver(from, to);
        expect(readAll(to).bytes.toString()).toBe('hello');
      }
      if (each.isOver) for (const engine of [from, to]) engine.free();
    }
    expect(done).toBeGreaterThan(20);
    expect(pairs.every(({ isOver }) => isOver)).toBe(true);
  });

  test('is freed at every step of a handshake', () => {
    for (let steps = 0; steps < 7; steps++) {
      const { client, server } = pair(false);
      for (let step = 0; step < steps; step++) {
        const [from, to] = step % 2 === 0 ? [client, server] : [server, client];
        from.handshake();
        if (step < 6) deliver(from, to);
      }
      for (const engine of engines.splice(0)) engine.free();
    }
    expect(tls.living.connections).toBe(0);
  });
});
