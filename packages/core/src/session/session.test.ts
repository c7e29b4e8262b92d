import { expect, test } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { inetAddr } from '../base/address.ts';
import type { Service } from '../routing/service.ts';
import type { ClientTls } from '../policy/client-tls.ts';
import type { OuterServer } from './session-view.ts';
import { Session, sessionWriter } from './session.ts';

const address = inetAddr('127.0.0.1', 40_000)!;
const client = { id: 1, connection: new FakeConnection(), address, local: address, listener: address };

function session(): Session {
  return new Session(client, { name: 'test' } as Service);
}

test('every session has an id of its own', () => {
  const [a, b] = [session(), session()];
  expect(b.id).toBeGreaterThan(a.id);
});

test('aborting is heard by whoever asked for the signal, before or after', () => {
  const asked = session();
  const { signal } = asked;
  expect([asked.aborted, signal.aborted]).toEqual([false, false]);
  let heard = 0;
  signal.addEventListener('abort', () => (heard += 1));
  sessionWriter.abort(asked);
  sessionWriter.abort(asked);
  expect(heard).toBe(1);
  expect(asked.signal).toBe(signal);
  const late = session();
  sessionWriter.abort(late);
  expect([late.aborted, late.signal.aborted]).toEqual([true, true]);
});

test('aborting is heard by functions and by objects, once, unless they were taken back', () => {
  const asked = session();
  const heard: string[] = [];
  const object = { handleEvent: () => void heard.push('object') };
  const other = { handleEvent: () => void heard.push('other') };
  asked.addEventListener('abort', () => heard.push('function'));
  asked.addEventListener('abort', object);
  asked.addEventListener('abort', other);
  asked.removeEventListener('abort', other);
  sessionWriter.abort(asked);
  sessionWriter.abort(asked);
  expect(heard).toEqual(['function', 'object']);
});

test('the certificate of a client names its user, and the user of what is stacked in its sessions', () => {
  const certificate = { identity: 'ann.example', names: ['ann.example'], subject: 'CN=ann', notAfter: 0 };
  const made = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'web.example', alpn: undefined };
  const tls: ClientTls = { ...made, resumed: false, certificate, covers: () => true };
  const service = { name: 'test' } as Service;
  const outer = new Session({ ...client, tls }, service);
  expect(outer).toMatchObject({ user: 'ann.example', tls });
  const pickUp = (): never => expect.unreachable();
  const serverStream: OuterServer = { session: outer, remote: address, local: address, failure: undefined, pickUp };
  expect(new Session({ ...client, serverStream }, service)).toMatchObject({ user: 'ann.example', tls });
  expect(session().tls).toBeUndefined();
});

test('nothing is known of a new session but who asks', () => {
  expect(session()).toMatchObject({
    client,
    target: undefined,
    serverAddress: undefined,
    attempts: undefined,
    mayReuse: true,
  });
});
