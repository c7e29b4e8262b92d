import type { SessionRecord } from '@inband/core';
import { type ConfigInput, createInband, type Inband } from 'inband';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { curl } from '../support/curl.ts';
import { describeRequiring } from '../support/requires.ts';
import {
  type Peer,
  startDante,
  startDigestSquid,
  startMicrosocks,
  startSquid,
  startSsh,
  startTinyproxy,
} from './peers.ts';

type ServiceInput = ConfigInput['services'][string];
type ChainerInput = NonNullable<NonNullable<ServiceInput['routes']>[number]['chainer']>;
type ParentInput = Omit<Extract<ChainerInput, { type: 'parent' }>, 'type' | 'servers'>;

let origin: Server;
let port: number;
let inband: Inband | undefined;
const records: SessionRecord[] = [];

beforeAll(async () => {
  origin = createServer((request, response) => response.end(`${request.method} ${request.url}`));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  ({ port } = origin.address() as AddressInfo);
});
afterAll(() => origin.close());
afterEach(async () => {
  await inband?.close({ grace: 0 });
  records.length = 0;
});

/** Has a proxy go out by `peer`, and returns its URL. */
async function proxyBy(peer: Peer, parent: ParentInput): Promise<string> {
  inband = await createInband(
    {
      log: { level: 'error' },
      listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
      services: {
        browser: {
          mode: 'forward',
          http: { connectPorts: 'any' },
          access: [{ allow: { hosts: ['*'] } }],
          routes: [{ chainer: { type: 'parent', ...parent, servers: [peer.address] } }],
        },
      },
    },
    { onSession: (record) => records.push(record) },
  );
  const [listener] = inband.listeners;
  return `http://127.0.0.1:${listener?.address.family === 'unix' ? 0 : (listener?.address.port ?? 0)}`;
}

const SHOWN = ['--output', '-', '--write-out', ' %{http_code}'];

/** What curl gets: the body and the status, or that of the proxy where there is no tunnel. */
async function ask(proxy: string, ...argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await curl(['--proxy', proxy, ...SHOWN, ...argv]);
  return `${stdout.toString()}${/response (\d+)/.exec(stderr)?.[1] ?? ''}`;
}

interface Behaviour {
  readonly commands: readonly string[];
  readonly root?: boolean;
  readonly start: () => Promise<Peer>;
  readonly parent: ParentInput;
  /** The error for a port at which nothing listens. */
  readonly refused: string;
  /** A name that it resolves. Default: `localhost`. */
  readonly named?: string;
  /** Undefined for a parent that asks for none. */
  readonly auth?: { readonly user: string; readonly password: string };
}

const login = { user: 'ann', password: 'a-password' };

const PEERS: Readonly<Record<string, Behaviour>> = {
  'microsocks by SOCKS5': {
    commands: ['microsocks'],
    start: () => startMicrosocks(login),
    parent: { protocol: 'socks5' },
    refused: 'connection_refused',
    auth: login,
  },
  'dante by SOCKS5': {
    commands: ['danted'],
    start: () => startDante(),
    parent: { protocol: 'socks5' },
    refused: 'connection_refused',
  },
  'dante by SOCKS4A': {
    commands: ['danted'],
    start: () => startDante(),
    parent: { protocol: 'socks4a' },
    // By `localhost` it means ::1, to which it cannot connect by SOCKS4.
    named: '127.0.0.1',
    refused: 'destination_unavailable',
  },
  'ssh -D by SOCKS5': {
    commands: ['sshd', 'ssh', 'ssh-keygen'],
    root: true,
    start: () => startSsh(),
    parent: { protocol: 'socks5' },
    // It says nothing, and closes.
    refused: 'connection_terminated',
  },
  'tinyproxy by HTTP': {
    commands: ['tinyproxy'],
    start: () => startTinyproxy(login),
    parent: { protocol: 'http' },
    refused: 'destination_unavailable',
    auth: login,
  },
  'squid by HTTP': {
    commands: ['squid'],
    start: () => startSquid(),
    parent: { protocol: 'http' },
    refused: 'connection_refused',
  },
};

describeRequiring({ commands: ['squid', 'curl'] }, 'squid that takes Digest', () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startDigestSquid(login);
  });
  afterAll(() => peer.stop());

  test.each(['digest', undefined] as const)(
    'takes requests with a body and tunnels, with scheme: %s',
    async (scheme) => {
      const auth = { ...login, ...(scheme && { scheme }) };
      const proxy = await proxyBy(peer, { protocol: 'http', auth });
      const url = `http://127.0.0.1:${port}`;
      // A nonce is good for three requests.
      for (const path of ['/a', '/b', '/c', '/d']) {
        expect(await ask(proxy, '--data', 'some', `${url}${path}`)).toBe(`POST ${path} 200`);
      }
      for (const path of ['/e', '/f', '/g', '/h']) {
        expect(await ask(proxy, '--proxytunnel', `${url}${path}`)).toBe(`GET ${path} 200`);
      }
    },
  );

  test('refuses another password once', async () => {
    const proxy = await proxyBy(peer, { protocol: 'http', auth: { ...login, password: 'another', scheme: 'digest' } });
    expect(await ask(proxy, `http://127.0.0.1:${port}/`)).toMatch(/ 502$/);
    expect(await ask(proxy, '--proxytunnel', `http://127.0.0.1:${port}/`)).toMatch(/502$/);
    expect(records.map(({ error }) => error?.receivedStatus)).toEqual([407, 407]);
  });
});

for (const [name, { commands, root = false, start, parent, refused, auth, named = 'localhost' }] of Object.entries(
  PEERS,
)) {
  describeRequiring({ commands: [...commands, 'curl'], root }, name, () => {
    let peer: Peer;
    beforeAll(async () => {
      peer = await start();
    });
    afterAll(() => peer.stop());
    const good = { ...parent, ...(auth && { auth }) };

    test.each(['remote', 'local'] as const)(
      'takes requests and tunnels, names resolved by resolve: %s',
      async (resolve) => {
        const proxy = await proxyBy(peer, { ...good, resolve });
        expect(await ask(proxy, `http://${named}:${port}/a?b`)).toBe('GET /a?b 200');
        expect(await ask(proxy, `http://127.0.0.1:${port}/c`, '--data', 'd')).toBe('POST /c 200');
        expect(await ask(proxy, '--proxytunnel', `http://${named}:${port}/e`)).toBe('GET /e 200');
      },
    );

    test('says why there is no tunnel', async () => {
      const proxy = await proxyBy(peer, good);
      const none = await freePort();
      expect(await ask(proxy, '--proxytunnel', `http://127.0.0.1:${none}/`)).toMatch(/50[23]$/);
      expect(records.map(({ error }) => error?.code)).toEqual([refused]);
    });

    if (auth === undefined) return;
    test.each([
      ['is wrong', { auth: { ...auth, password: 'another' } }],
      ['is missing', {}],
    ])('a login that %s is a matter of the configuration', async (_what, wrong) => {
      const proxy = await proxyBy(peer, { ...parent, ...wrong });
      expect(await ask(proxy, '--proxytunnel', `http://127.0.0.1:${port}/`)).toMatch(/502$/);
      expect(records.map(({ error }) => error?.code)).toEqual(['proxy_configuration_error']);
    });
  });
}
