import {
  AccessDeniedError,
  AccessPolicy,
  AddressZones,
  createMemoryNetwork,
  inetAddr,
  ServerStream,
  Session,
  sessionWriter,
  type SessionRecord,
} from '@inband/core';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { jsonObject } from '../../test-support/json.ts';
import { configSchema } from '../config/schema/schema.ts';
import { ACCESS_KEYS } from '../lines/access-log.ts';
import { createLogging } from './logging.ts';

const page = await readFile(new URL('../../../../docs/logging.md', import.meta.url), 'utf8');
const section = (title: string): string => page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
/** The first two columns of a section's tables. */
const rows = (title: string): (readonly [string, string])[] =>
  Array.from(section(title).matchAll(/^\| `([\w-]+)` +\| ([^|]*?) *\|/gm), ([, key = '', second = '']) => [
    key,
    second,
  ]);

const documented = new Map(rows('Access lines'));

/** A session of which everything is known that may be known of one. */
function everything(): SessionRecord {
  const address = inetAddr('127.0.0.1', 40_000)!;
  const policy = AccessPolicy.compile([], { mode: 'forward', zones: new AddressZones(), path: 'services.web.access' });
  const service = { name: 'web', mode: 'forward', policy, routesByPath: false, route: () => undefined } as const;
  const { server: connection, client: outgoing } = createMemoryNetwork().connectPair();
  const agreed = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'a.example', alpn: 'http/1.1' };
  const tls = { ...agreed, resumed: false, certificate: undefined, covers: () => true };
  const peer = inetAddr('10.0.0.2', 5_000);
  const client = {
    id: 1,
    connection,
    address,
    peer,
    local: address,
    listener: address,
    tls,
    protocol: 'socks5',
  } as const;
  const give = { release: () => undefined, destroy: () => undefined };
  const server = { connection: outgoing, remote: address, local: address, reused: false, ...give };
  const serverStream = new ServerStream(new Session(client, service), server, () => undefined);
  const session = new Session({ ...client, serverStream }, service);
  const chainer = { kind: 'inband', connectServer: () => Promise.reject(new Error('not asked')) };
  sessionWriter.setRoute(session, { name: 'services.web.routes[0]', chainer });
  sessionWriter.setUser(session, 'ann');
  sessionWriter.setMethod(session, 'GET');
  sessionWriter.setTarget(session, { host: 'a.example', port: 80 });
  sessionWriter.setServer(session, address, inetAddr('192.0.2.1', 80), 'client');
  const made = { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', serverName: 'a.example' } as const;
  sessionWriter.setServerTls(session, { ...made, verified: 'chain', resumed: true });
  sessionWriter.addAttempt(session, { address, duration: 1 });
  const toServer = { version: 'TLSv1.3', cipher: agreed.cipher, serverName: 'a.example' } as const;
  sessionWriter.setServerTls(session, { ...toServer, verified: 'chain', resumed: true });
  const error = new AccessDeniedError('http_request_denied', 'Not you.', 'services.web.access[0]');
  const repaired = ['fold'];
  const numbers = { status: 403, bytesIn: 1, bytesOut: 2, duration: 3, wait: 4 };
  return {
    session,
    kind: 'request',
    url: 'http://a.example/',
    reused: false,
    aborted: true,
    error,
    repaired,
    retries: ['status'],
    ...numbers,
  };
}

function lineOf(record: SessionRecord): Record<string, unknown> {
  let written = '';
  const sink = {
    write: (line: Buffer) => void (written += line.toString()),
    flush: () => undefined,
    flushSync: () => undefined,
  };
  const logging = createLogging({ level: 'info', access: true }, sink);
  logging.onSession?.(record);
  logging.flushSync();
  return jsonObject(written);
}

const typeOf = (value: unknown): string => (Array.isArray(value) ? 'list' : (TYPES[typeof value] ?? typeof value));

const TYPES: Readonly<Record<string, string>> = { string: 'text', object: 'mapping' };

describe('docs/logging.md', () => {
  test('documents every key of an access line, and no other, with its type', () => {
    const types = Object.entries(lineOf(everything())).map(([key, value]) => [key, typeOf(value)] as const);
    expect(documented).toEqual(new Map(types));
  });

  test('documents the keys in the order in which a template knows them', () => {
    expect([...documented.keys()]).toEqual(ACCESS_KEYS);
  });

  test('documents every format', () => {
    const formats = Array.from(section('Formats').matchAll(/^\| `(\w+)` \|/gm), ([, format]) => format);
    expect(formats).toEqual(configSchema.shape.log.unwrap().shape.format.unwrap().options);
  });

  test('shows lines as they are: with documented keys, in the order in which they are written', () => {
    const order = Object.keys(lineOf(everything()));
    const examples = Array.from(section('Access lines').matchAll(/^\{.*\}$/gm), ([line]) => jsonObject(line));
    expect(examples.length).toBeGreaterThan(1);
    for (const example of examples) {
      expect(Object.keys(example)).toEqual(order.filter((key) => key in example));
      for (const [key, value] of Object.entries(example))
        expect([key, typeOf(value)]).toEqual([key, documented.get(key)]);
    }
  });

  test('explains every verdict', () => {
    const verdicts = ['accepted', 'denied-by-policy', 'connection-failed', 'aborted'];
    expect(rows('Verdicts').map(([verdict]) => verdict)).toEqual(verdicts);
  });
});
