import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { isShortForm } from '../../../../test/support/tiers/runs.ts';
import { makeAuthority } from '../../test-support/certificates.ts';
import { deliver, readAll, sent, shakeHands, testTls, write } from '../../test-support/engines.ts';
import { TICKET_KEY_LENGTH } from './calls.ts';
import type { OpenSslClientContext } from './client-context.ts';
import type { OpenSslServerContext, ServerSettings } from './server-context.ts';

const authority = makeAuthority();
const issued = authority.issue({ names: ['a.example', 'b.example'] });
const identity = { certificate: issued.chain, key: issued.key };
const { tls } = testTls();

/** Ticket keys that a test replaces. */
interface Ring {
  current: { readonly keys: readonly Buffer[] };
}

const newKey = () => randomBytes(TICKET_KEY_LENGTH);
const newRing = (): Ring => ({ current: { keys: [newKey()] } });

describe.skipIf(process.platform !== 'linux').each(['1.2', '1.3'] as const)('tickets of TLS %s', (settled) => {
  let contexts: (OpenSslServerContext | OpenSslClientContext)[] = [];

  afterEach(() => {
    for (const context of contexts) context.release();
    contexts = [];
    expect(tls.living).toMatchObject({ contexts: 0, connections: 0, sessions: 0 });
  });

  function server(tickets?: Ring, more: Partial<ServerSettings> = {}): OpenSslServerContext {
    const context = tls.serverContext({ identity, ...(tickets === undefined ? {} : { tickets }), ...more });
    contexts.push(context);
    return context;
  }

  function client(): OpenSslClientContext {
    const context = tls.clientContext({ ca: [authority.cert], maxVersion: settled });
    contexts.push(context);
    return context;
  }

  /** Whether a connection was resumed, which has one answer of the server and is over then. */
  function visit(asking: OpenSslClientContext, asked: OpenSslServerContext, name = 'a.example', key?: string): boolean {
    const one = asking.engine(name, key);
    const other = asked.engine();
    expect(shakeHands(one, other)).toEqual({ client: 'done', server: 'done' });
    write(other, 'answer');
    deliver(other, one);
    expect(readAll(one).bytes.toString()).toBe('answer');
    const { resumed } = one.facts();
    expect(other.facts().resumed).toBe(resumed);
    one.free();
    other.free();
    return resumed;
  }

  test('resume with another context that has the same keys', () => {
    const keys = newRing();
    const asking = client();
    expect(visit(asking, server(keys))).toBe(false);
    expect(visit(asking, server(keys))).toBe(true);
    expect(visit(asking, server(newRing()))).toBe(false);
  });

  test('resume within a context without keys', () => {
    const asking = client();
    const asked = server();
    expect([visit(asking, asked), visit(asking, asked), visit(asking, server())]).toEqual([false, true, false]);
  });

  test('resume with former keys, until these are gone', () => {
    const keys = newRing();
    const rotate = () => {
      keys.current = { keys: [newKey(), ...keys.current.keys].slice(0, 3) };
    };
    const asked = server(keys);
    const clients = [client(), client(), client()];
    for (const asking of clients) expect(visit(asking, asked)).toBe(false);
    rotate();
    expect(clients[0] && visit(clients[0], asked)).toBe(true);
    rotate();
    // A ticket of TLS 1.3 was replaced by one of the then current key; that of TLS 1.2 is still the first.
    expect(clients[1] && visit(clients[1], asked)).toBe(true);
    rotate();
    expect(clients[2] && visit(clients[2], asked)).toBe(false);
    expect(clients[0] && visit(clients[0], asked)).toBe(settled === '1.3');
    expect(clients[1] && visit(clients[1], asked)).toBe(settled === '1.3');
  });

  test('are made with the current key, also while others resume with a former one', () => {
    const keys = newRing();
    const asked = server(keys);
    const old = client();
    visit(old, asked);
    const current = newKey();
    keys.current = { keys: [current, ...keys.current.keys] };
    // Both are half-way at the same time.
    const fresh = client();
    const one = { client: old.engine('a.example'), server: asked.engine() };
    const two = { client: fresh.engine('a.example'), server: asked.engine() };
    for (const pair of [one, two]) {
      pair.client.handshake();
      deliver(pair.client, pair.server);
    }
    for (const pair of [one, two]) {
      pair.server.handshake();
      deliver(pair.server, pair.client);
    }
    for (const pair of [two, one]) {
      expect(shakeHands(pair.client, pair.server)).toEqual({ client: 'done', server: 'done' });
      write(pair.server, 'x');
      deliver(pair.server, pair.client);
      readAll(pair.client);
      pair.client.free();
      pair.server.free();
    }
    keys.current = { keys: [newKey(), current] };
    expect(visit(fresh, asked)).toBe(true);
  });

  test('are of no use with another certificate, or under other rules', () => {
    const keys = newRing();
    const other = authority.issue({ names: ['a.example'] });
    const asking = client();
    visit(asking, server(keys));
    expect(visit(asking, server(keys, { identity: { certificate: other.chain, key: other.key } }))).toBe(false);
    visit(asking, server(keys));
    expect(visit(asking, server(keys, { clientAuth: 'request', ca: [authority.cert] }))).toBe(false);
  });

  test('belong to one server name, or to what the caller says', () => {
    const asked = server(newRing());
    const asking = client();
    expect(visit(asking, asked, 'a.example')).toBe(false);
    expect(visit(asking, asked, 'b.example')).toBe(false);
    expect(visit(asking, asked, 'a.example')).toBe(true);
    expect(visit(asking, asked, 'a.example', '192.0.2.1:443')).toBe(false);
    expect(visit(asking, asked, 'a.example', '192.0.2.1:443')).toBe(true);
  });

  test.skipIf(isShortForm)('are kept for a bounded number of servers', () => {
    const asked = server(newRing());
    const asking = client();
    for (let index = 0; index < 300; index++) visit(asking, asked, 'a.example', `server ${index}`);
    expect(tls.living.sessions).toBe(256);
    expect(visit(asking, asked, 'a.example', 'server 299')).toBe(true);
    expect(visit(asking, asked, 'a.example', 'server 0')).toBe(false);
  });
});

describe.skipIf(process.platform !== 'linux')('what a server sends behind its handshake', () => {
  /** The records behind the handshake, and whether it was resumed. */
  function visit(asking: OpenSslClientContext, asked: OpenSslServerContext): [records: number, resumed: boolean] {
    const one = asking.engine('a.example');
    const other = asked.engine();
    for (let flight = 0; flight < 2; flight += 1) {
      one.handshake();
      deliver(one, other);
      if (other.handshake() === 'done') break;
      deliver(other, one);
    }
    const behind = sent(other);
    one.feed(behind, 0, behind.length);
    one.handshake();
    readAll(one);
    write(other, 'answer');
    deliver(other, one);
    readAll(one);
    const { resumed } = other.facts();
    expect([one.endsWithTickets, other.endsWithTickets]).toEqual([false, one.facts().version === 'TLSv1.3']);
    one.free();
    other.free();
    return [recordsIn(behind), resumed];
  }

  function recordsIn(bytes: Buffer): number {
    let records = 0;
    for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) records += 1;
    return records;
  }

  test('with TLS 1.3 is one ticket, whether the session is new or resumed', () => {
    const asked = tls.serverContext({ identity });
    const asking = tls.clientContext({ ca: [authority.cert] });
    expect([visit(asking, asked), visit(asking, asked), visit(asking, asked)]).toEqual([
      [1, false],
      [1, true],
      [1, true],
    ]);
    asked.release();
    asking.release();
  });

  test('with TLS 1.2 is awaited by the client: its ticket, the change of ciphers and the end of the handshake', () => {
    const asked = tls.serverContext({ identity });
    const asking = tls.clientContext({ ca: [authority.cert], maxVersion: '1.2' });
    expect(visit(asking, asked)).toEqual([3, false]);
    asked.release();
    asking.release();
  });
});
