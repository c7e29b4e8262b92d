import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeAuthority } from '../../test-support/certificates.ts';
import { deliver, readAll, sent, shakeHands, testTls, write } from '../../test-support/engines.ts';
import { requestKeyUpdate } from '../../test-support/foreign-calls.ts';
import { INPUT_LENGTH } from './calls.ts';
import type { OpenSslClientContext } from './client-context.ts';
import type { OpenSslEngine } from './engine.ts';
import type { OpenSslServerContext } from './server-context.ts';

const authority = makeAuthority();
const issued = authority.issue({ names: ['a.example'] });
const identity = { certificate: issued.chain, key: issued.key };
const { tls, calls, lastConnection } = testTls();

const KEY_UPDATE_REQUESTED = 1;

describe.skipIf(process.platform !== 'linux').each(['1.2', '1.3'] as const)('an engine with TLS %s', (settled) => {
  const version = `TLSv${settled}`;
  const versions = { minVersion: settled, maxVersion: settled };
  let contexts: (OpenSslServerContext | OpenSslClientContext)[] = [];
  let engines: OpenSslEngine[] = [];

  afterEach(() => {
    for (const engine of engines) engine.free();
    for (const context of contexts) context.release();
    engines = [];
    contexts = [];
    expect(tls.living).toMatchObject({ contexts: 0, connections: 0, sessions: 0 });
  });

  function pair(): { client: OpenSslEngine; server: OpenSslEngine } {
    const asked = tls.serverContext({ identity, alpn: ['http/1.1'], ...versions });
    const asking = tls.clientContext({ ca: [authority.cert], alpn: ['http/1.1'], ...versions });
    contexts.push(asked, asking);
    const client = asking.engine('a.example');
    const server = asked.engine();
    engines.push(client, server);
    return { client, server };
  }

  function connected(): { client: OpenSslEngine; server: OpenSslEngine } {
    const both = pair();
    expect(shakeHands(both.client, both.server)).toEqual({ client: 'done', server: 'done' });
    return both;
  }

  test('makes a connection with another one and says what it is', () => {
    const { client, server } = connected();
    for (const engine of [client, server]) {
      expect(engine.facts()).toMatchObject({ version, serverName: 'a.example', alpn: 'http/1.1', resumed: false });
      expect(engine.facts().verification).toEqual({ code: 0, text: 'ok' });
      expect(engine.facts().cipher).toMatch(/GCM|CHACHA20/);
    }
    expect(client.facts().certificate?.toString('base64')).toBe(issued.cert.replaceAll(/-----[^-]+-----|\s/g, ''));
    expect(server.facts().certificate).toBeUndefined();
  });

  test('carries bytes both ways', () => {
    const { client, server } = connected();
    write(client, 'ask');
    deliver(client, server);
    expect(readAll(server)).toEqual({ bytes: Buffer.from('ask'), end: 0 });
    write(server, 'answer');
    deliver(server, client);
    expect(readAll(client)).toEqual({ bytes: Buffer.from('answer'), end: 0 });
  });

  test('takes the handshake and the data byte by byte', () => {
    const { client, server } = pair();
    let outcome = { client: client.handshake(), server: server.handshake() };
    const drip = (from: OpenSslEngine, to: OpenSslEngine) => {
      let last = to.handshake();
      for (const byte of sent(from)) {
        to.feed(Buffer.of(byte), 0, 1);
        last = to.handshake();
      }
      return last;
    };
    for (let round = 0; round < 4; round++) {
      outcome = { server: drip(client, server), client: drip(server, client) };
    }
    expect(outcome).toEqual({ client: 'done', server: 'done' });
    write(client, 'drop by drop');
    const received: number[] = [];
    for (const byte of sent(client)) {
      server.feed(Buffer.of(byte), 0, 1);
      received.push(...readAll(server).bytes);
    }
    expect(Buffer.from(received).toString()).toBe('drop by drop');
  });

  test('takes several records at once, and one that is cut anywhere', () => {
    const { client, server } = connected();
    for (const part of ['one ', 'two ', 'three']) write(client, part);
    const bytes = sent(client);
    server.feed(bytes, 0, bytes.length);
    expect(server.read()).toBe('one two three'.length);
    expect(server.plain.toString('latin1', 0, 13)).toBe('one two three');
    for (let at = 1; at < 40; at++) {
      write(client, 'cut');
      const record = sent(client);
      const first = Math.min(at, record.length);
      server.feed(record, 0, first);
      const early = readAll(server).bytes;
      server.feed(record, first, record.length);
      expect(Buffer.concat([early, readAll(server).bytes]).toString()).toBe('cut');
    }
  });

  test('carries more than fits its buffers, in any portions', () => {
    const { client, server } = connected();
    const bytes = randomBytes(1_500_000);
    expect(client.write(bytes, 1, bytes.length)).toBeUndefined();
    const all = sent(client);
    server.feed(all, 0, all.length);
    const { bytes: received, end } = readAll(server);
    expect(end).toBe(0);
    expect(received.equals(bytes.subarray(1))).toBe(true);
  });

  test('encrypts straight from the buffer that another engine decrypts into', () => {
    const first = connected();
    const second = connected();
    const bytes = randomBytes(100_000);
    first.client.write(bytes, 0, bytes.length);
    deliver(first.client, first.server);
    const relayed: Buffer[] = [];
    for (let length = first.server.read(); typeof length === 'number' && length > 0; length = first.server.read()) {
      second.client.write(first.server.plain, 0, length);
      deliver(second.client, second.server);
      relayed.push(readAll(second.server).bytes);
    }
    expect(Buffer.concat(relayed).equals(bytes)).toBe(true);
  });

  test('decrypts all of an input before another engine encrypts it, so that nothing of it is copied aside', () => {
    const first = connected();
    const second = connected();
    const bytes = randomBytes(4_000_000);
    first.client.write(bytes, 0, bytes.length);
    const wire = sent(first.client);
    const relayed: Buffer[] = [];
    const setAside = vi.spyOn(calls, 'takeInput');
    try {
      for (let at = 0; at < wire.length; at += INPUT_LENGTH) {
        first.server.feed(wire, at, Math.min(at + INPUT_LENGTH, wire.length));
        for (let length = first.server.read(); typeof length === 'number' && length > 0; length = first.server.read()) {
          relayed.push(Buffer.from(first.server.plain.subarray(0, length)));
          second.client.write(first.server.plain, 0, length);
          while (second.client.takeCipher() > 0);
        }
      }
      expect(Buffer.concat(relayed).equals(bytes)).toBe(true);
      expect(setAside).not.toHaveBeenCalled();
    } finally {
      setAside.mockRestore();
    }
  });

  test('lies within another one, also with bytes that nobody has taken', () => {
    const outer = connected();
    const inner = pair();
    const tunnel = (from: OpenSslEngine, carrier: OpenSslEngine, end: OpenSslEngine, to: OpenSslEngine) => {
      for (let length = from.takeCipher(); length > 0; length = from.takeCipher()) {
        carrier.write(from.cipher, 0, length);
      }
      deliver(carrier, end);
      for (let length = end.read(); typeof length === 'number' && length > 0; length = end.read()) {
        to.feed(end.plain, 0, length);
        to.handshake();
      }
    };
    inner.client.handshake();
    for (let round = 0; round < 4; round++) {
      tunnel(inner.client, outer.client, outer.server, inner.server);
      tunnel(inner.server, outer.server, outer.client, inner.client);
    }
    const bytes = randomBytes(400_000);
    inner.client.write(bytes, 0, bytes.length);
    tunnel(inner.client, outer.client, outer.server, inner.server);
    expect(readAll(inner.server).bytes.equals(bytes)).toBe(true);
  });

  test('keeps apart what belongs to engines that are used in turns', () => {
    const pairs = Array.from({ length: 4 }, connected);
    const texts = pairs.map((_, index) => String(index).repeat(20_000 * (index + 1)));
    // Nobody takes or reads anything before all of them have it.
    for (const [index, { client }] of pairs.entries()) write(client, texts[index] ?? '');
    const wire = pairs.map(({ client }) => sent(client));
    const half = wire.map((bytes) => Math.floor(bytes.length / 2));
    for (const [index, { server }] of pairs.entries()) server.feed(wire[index] ?? Buffer.of(), 0, half[index] ?? 0);
    const early = pairs.map(({ server }) => server.read());
    const begun = pairs.map(() => '');
    // The buffer is shared, so only the last one's bytes are still there.
    expect(early.every((length) => typeof length === 'number' && length >= 0)).toBe(true);
    for (const [index, { server }] of pairs.entries()) {
      begun[index] = String(index).repeat(Number(early[index]));
      server.feed(wire[index] ?? Buffer.of(), half[index] ?? 0, wire[index]?.length ?? 0);
    }
    for (const [index, { server }] of pairs.entries()) {
      expect(begun[index] + readAll(server).bytes.toString()).toBe(texts[index]);
    }
  });

  test('reads on where it stopped, after others were served', () => {
    const { client, server } = connected();
    const other = connected();
    const bytes = randomBytes(300_000);
    client.write(bytes, 0, bytes.length);
    deliver(client, server);
    const parts: Buffer[] = [];
    for (let length = server.read(); typeof length === 'number' && length > 0; length = server.read()) {
      parts.push(Buffer.from(server.plain.subarray(0, length)));
      write(other.client, 'meanwhile');
      deliver(other.client, other.server);
      expect(readAll(other.server).bytes.toString()).toBe('meanwhile');
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  test('ends by close_notify, each direction by itself', () => {
    const { client, server } = connected();
    write(client, 'last');
    client.shutdown();
    client.shutdown();
    expect(write(client, 'too late')).toBeUndefined();
    deliver(client, server);
    expect(readAll(server)).toEqual({ bytes: Buffer.from('last'), end: 'closed' });
    expect(server.read()).toBe('closed');
    write(server, 'still there');
    server.shutdown();
    deliver(server, client);
    expect(readAll(client)).toEqual({ bytes: Buffer.from('still there'), end: 'closed' });
  });

  test('does not read what comes behind close_notify', () => {
    const { client, server } = connected();
    client.shutdown();
    const bytes = Buffer.concat([sent(client), randomBytes(1000)]);
    server.feed(bytes, 0, bytes.length);
    expect(readAll(server).end).toBe('closed');
    server.feed(bytes, 0, bytes.length);
    expect(readAll(server).end).toBe('closed');
  });

  test('says nothing of an end without close_notify', () => {
    const { client, server } = connected();
    write(client, 'cut off');
    const bytes = sent(client);
    server.feed(bytes, 0, bytes.length - 1);
    expect(readAll(server)).toEqual({ bytes: Buffer.of(), end: 0 });
  });

  test('has nothing more to say once it is freed', () => {
    const { client, server } = connected();
    write(client, 'gone');
    const facts = client.facts();
    client.free();
    client.free();
    expect([client.takeCipher(), client.read(), write(client, 'x'), client.handshake()]).toEqual([
      0,
      0,
      undefined,
      'done',
    ]);
    client.feed(Buffer.from('x'), 0, 1);
    client.shutdown();
    expect(client.facts()).toBe(facts);
    expect(facts.certificate).toBeUndefined();
    server.free();
    expect(() => server.facts()).toThrow('The TLS engine is freed.');
  });

  test.runIf(settled === '1.3')('changes its keys when the peer asks for it', () => {
    const { client, server } = connected();
    const ssl = lastConnection();
    for (let round = 0; round < 20; round++) {
      expect(requestKeyUpdate(ssl, KEY_UPDATE_REQUESTED)).toBe(1);
      write(server, `after change ${round}`);
      deliver(server, client);
      expect(readAll(client).bytes.toString()).toBe(`after change ${round}`);
      // The answer to the change goes out with the next write.
      write(client, 'heard');
      deliver(client, server);
      expect(readAll(server)).toEqual({ bytes: Buffer.from('heard'), end: 0 });
    }
  });
});
