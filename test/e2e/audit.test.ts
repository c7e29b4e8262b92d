import { type ConfigInput, definePlugin, type Resolution, summarise, z } from 'inband';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { A, AAAA, DnsServer } from '../support/dns-server.ts';
import { e2e, type Lab } from './lab.ts';
import { type RunningProgram, startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';

declare module 'inband' {
  interface ResolverKinds {
    rebinding: object;
  }
}

/** A forward proxy on both families, with zones for the two ends that a test on one machine has. */
function config(zones: ConfigInput['zones'], access: ConfigInput['services'][string]['access'] = []): ConfigInput {
  return {
    zones,
    listeners: [
      { bind: '127.0.0.1:0', service: 'browser' },
      { bind: '[::1]:0', service: 'browser' },
    ],
    services: {
      browser: { mode: 'forward', access, http: { connectPorts: 'any' }, routes: [{ chainer: { type: 'inband' } }] },
    },
  };
}

const ZONES: ConfigInput['zones'] = {
  machine: { addresses: ['127.0.0.0/8', '::1'], parent: 'loopback' },
  lab: { addresses: ['127.1.0.0/16'], parent: 'machine' },
};

/** A client of either listener. */
async function connect(program: RunningProgram, family: 'inet' | 'inet6' = 'inet', from?: string): Promise<RawClient> {
  const listeners = await program.logged('listening', 2);
  const port = Number(
    String(listeners[family === 'inet' ? 0 : 1]?.address)
      .split(':')
      .at(-1),
  );
  const host = family === 'inet' ? '127.0.0.1' : '::1';
  return RawClient.connect({ host, port, ...(from !== undefined && { localAddress: from }) });
}

/** Sends one request, reads what comes, and closes. */
async function ask(client: RawClient, method: string, target: string): Promise<string> {
  const { host } = new URL(method === 'CONNECT' ? `http://${target}` : target);
  client.sendHead(`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close');
  const answer = await client.toEnd();
  client.socket.end();
  await client.closed;
  return answer;
}

/** A web server on loopback of IPv6. */
async function origin6(lab: Lab): Promise<number> {
  const server = createServer((_request, response) => void response.end('six'));
  server.listen(0, '::1');
  await once(server, 'listening');
  lab.defer(() => new Promise((resolve) => server.close(resolve)));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}

const RULE = 'services.browser.access[0]';

describe('a line of the access log', () => {
  e2e('says of an accepted request who, what, where, by which rule, when and how much', async (lab) => {
    const program = await startProgram(lab, config(ZONES, [{ allow: { clients: ['lab'], servers: ['machine'] } }]));
    const origin = await lab.origin((_request, response) => void response.end('ok'));
    const client = await connect(program, 'inet', '127.1.2.3');
    expect(await ask(client, 'GET', `${origin.url}/x`)).toMatch(/^HTTP\/1\.1 200 /);
    const [line] = await program.logged('request');
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      pid: program.pid,
      service: 'browser',
      route: 'services.browser.routes[0]',
      chainer: 'inband',
      id: expect.stringMatching(/^[0-9a-z]{8}-\d+$/),
      session: 1,
      client: expect.stringMatching(/^127\.1\.2\.3:\d+$/),
      clientZone: 'lab',
      method: 'GET',
      target: `${origin.url}/x`,
      asked: `127.0.0.1:${origin.port}`,
      server: `127.0.0.1:${origin.port}`,
      serverZone: 'machine',
      verdict: 'accepted',
      rule: RULE,
      reused: false,
      attempts: [{ server: `127.0.0.1:${origin.port}`, ms: expect.any(Number) }],
      status: 200,
      bytesIn: 0,
      bytesOut: 2,
      ms: expect.any(Number),
      waitMs: expect.any(Number),
      msg: 'request',
    });
  });

  e2e('says the same of IPv6', async (lab) => {
    const program = await startProgram(lab, config(ZONES));
    const port = await origin6(lab);
    expect(await ask(await connect(program, 'inet6'), 'GET', `http://[::1]:${port}/`)).toMatch(/six$/);
    expect(await program.logged('request')).toMatchObject([
      {
        client: expect.stringMatching(/^\[::1\]:\d+$/),
        clientZone: 'machine',
        asked: `[::1]:${port}`,
        server: `[::1]:${port}`,
        serverZone: 'machine',
        verdict: 'accepted',
        rule: 'default: allowed',
      },
    ]);
  });

  e2e('says of a denial which rule denied and why, and that nothing was dialled', async (lab) => {
    const deny = { clients: ['lab'], servers: ['machine'], reason: 'The lab stays inside.' };
    const program = await startProgram(lab, config(ZONES, [{ deny }]));
    const origin = await lab.origin((_request, response) => void response.end('ok'));
    expect(await ask(await connect(program, 'inet', '127.1.0.1'), 'GET', origin.url)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await ask(await connect(program, 'inet', '127.1.0.1'), 'CONNECT', `127.0.0.1:${origin.port}`)).toMatch(
      / 403 /,
    );
    const lines = await program.logged('request', 2);
    for (const line of lines) {
      expect(line).toMatchObject({
        clientZone: 'lab',
        server: `127.0.0.1:${origin.port}`,
        serverZone: 'machine',
        verdict: 'denied-by-policy',
        rule: RULE,
        why: 'The lab stays inside.',
        error: 'destination_ip_prohibited',
        status: 403,
      });
      expect(line).not.toHaveProperty('attempts');
    }
    expect(origin.connections).toEqual([]);
  });

  e2e('says of what is not HTTP that it was denied, and what is wrong with it', async (lab) => {
    const program = await startProgram(lab, config(ZONES));
    const client = await connect(program);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n');
    expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 400 /);
    client.socket.end();
    const [line] = await program.logged('request');
    expect(line).toMatchObject({
      clientZone: 'machine',
      verdict: 'denied-by-policy',
      why: expect.stringMatching(/\.$/),
      error: 'http_request_error',
      status: 400,
    });
    expect(line).not.toHaveProperty('rule');
  });

  e2e('says of a server that refuses that the connection failed, and by which rule it was sought', async (lab) => {
    const program = await startProgram(lab, config(ZONES));
    const port = await freePort();
    expect(await ask(await connect(program), 'GET', `http://127.0.0.1:${port}/`)).toMatch(/^HTTP\/1\.1 502 /);
    expect(await program.logged('request')).toMatchObject([
      {
        asked: `127.0.0.1:${port}`,
        server: `127.0.0.1:${port}`,
        serverZone: 'machine',
        verdict: 'connection-failed',
        rule: 'default: allowed',
        why: expect.stringContaining('refused'),
        error: 'connection_refused',
        attempts: [{ error: 'connection_refused' }],
      },
    ]);
  });

  e2e('says of a client that goes away that the session was aborted', async (lab) => {
    const program = await startProgram(lab, config(ZONES));
    const arrived = Promise.withResolvers<void>();
    const origin = await lab.origin(() => arrived.resolve());
    const client = await connect(program);
    client.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    await arrived.promise;
    client.socket.resetAndDestroy();
    expect(await program.logged('request')).toMatchObject([
      { verdict: 'aborted', aborted: true, why: 'The client went away before the end.', rule: 'default: allowed' },
    ]);
  });

  e2e('says of a server that breaks off that the session was aborted, and why', async (lab) => {
    const program = await startProgram(lab, config(ZONES));
    const origin = await lab.tcpOrigin((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
    });
    const client = await connect(program);
    client.sendHead(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    await client.closed;
    const [line] = await program.logged('request');
    expect(line).toMatchObject({ verdict: 'aborted', error: 'http_response_incomplete', bytesOut: 4 });
    expect(line).not.toHaveProperty('aborted');
  });

  e2e('says what the address was before the service translated it, and after', async (lab) => {
    const { services, ...rest } = config(ZONES, [{ deny: { servers: ['lab'] } }]);
    const nat = [{ dnat: { servers: ['127.1.9.0/24'], to: '127.0.0.1' } }];
    const program = await startProgram(lab, { ...rest, services: { browser: { ...services.browser!, nat } } });
    const origin = await lab.origin((_request, response) => void response.end('ok'));
    const asked = `127.1.9.9:${origin.port}`;
    expect(await ask(await connect(program), 'GET', `http://${asked}/`)).toMatch(/^HTTP\/1\.1 200 /);
    const server = `127.0.0.1:${origin.port}`;
    expect(await program.logged('request')).toMatchObject([
      // What was asked for lies in the lab, which is denied; what it was translated to does not.
      { asked, resolved: asked, translated: server, server, serverZone: 'machine', verdict: 'accepted' },
    ]);
  });

  e2e('says of what goes through a stacked service what that service decided', async (lab) => {
    const { services, ...rest } = config(ZONES);
    const access = [{ deny: { methods: ['POST'], reason: 'Read only.' } }];
    const inner: ConfigInput['services'][string] = { mode: 'transparent', access };
    const chainer = { type: 'sidestack', service: 'inner', chainer: { type: 'inband' } } as const;
    const browser = { ...services.browser!, routes: [{ chainer }] };
    const program = await startProgram(lab, { ...rest, services: { browser, inner } });
    const origin = await lab.origin((_request, response) => void response.end('ok'));
    const client = await connect(program);
    const host = `127.0.0.1:${origin.port}`;
    client.sendHead(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`);
    expect(await client.until('\r\n\r\n')).toMatch(/ 200 /);
    client.sendHead('GET / HTTP/1.1', `Host: ${host}`);
    expect(await client.until('ok')).toMatch(/^HTTP\/1\.1 200 /);
    client.sendHead('POST / HTTP/1.1', `Host: ${host}`, 'Content-Length: 0');
    expect(await client.until('Read only.')).toMatch(/^HTTP\/1\.1 403 /);
    client.socket.end();
    const [tunnel] = await program.logged('tunnel');
    const ends = { clientZone: 'machine', serverZone: 'machine', server: host };
    expect(tunnel).toMatchObject({ ...ends, service: 'browser', verdict: 'accepted', rule: 'default: allowed' });
    const parent = tunnel?.session;
    expect(await program.logged('request', 2)).toMatchObject([
      { ...ends, parent, service: 'inner', verdict: 'accepted', rule: 'default: servers that the operator chose' },
      { ...ends, parent, verdict: 'denied-by-policy', rule: 'services.inner.access[0]', why: 'Read only.' },
    ]);
  });

  e2e('says of a tunnel what it says of a request', async (lab) => {
    const program = await startProgram(lab, config(ZONES));
    const origin = await lab.tcpOrigin((socket) => socket.pipe(socket));
    const client = await connect(program);
    client.sendHead(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    await client.until('\r\n\r\n');
    client.send('hello');
    expect(await client.bytes(5)).toBe('hello');
    client.socket.end();
    await client.closed;
    expect(await program.logged('tunnel')).toMatchObject([
      {
        method: 'CONNECT',
        target: `127.0.0.1:${origin.port}`,
        asked: `127.0.0.1:${origin.port}`,
        clientZone: 'machine',
        serverZone: 'machine',
        verdict: 'accepted',
        rule: 'default: allowed',
        bytesIn: 5,
        bytesOut: 5,
      },
    ]);
  });
});

describe('a zone from a file', () => {
  e2e('is read at the start, followed while the program runs, and kept when the file is wrong', async (lab) => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-zones-'));
    lab.defer(() => rm(folder, { recursive: true }));
    const file = join(folder, 'banned.txt');
    await writeFile(file, '# none of ours\r\n192.0.2.0/24\r\n');
    const program = await startProgram(lab, config({ banned: { file } }, [{ deny: { clients: ['banned'] } }]));
    const origin = await lab.origin((_request, response) => void response.end('ok'));
    const client = await connect(program);
    const request = async (): Promise<string> => {
      client.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
      return client.until('\r\n\r\n');
    };
    expect(await request()).toMatch(/^HTTP\/1\.1 200 /);
    await client.until('ok');
    await writeFile(file, 'this is no address\n');
    expect(await program.logged('a file of a zone cannot be used; the zone stays as it was')).toMatchObject([
      {
        level: 'warn',
        zone: 'banned',
        file,
        problems: [expect.stringMatching(/banned\.txt:1: "this is no address" /)],
      },
    ]);
    expect(await request()).toMatch(/^HTTP\/1\.1 200 /);
    await client.until('ok');
    await writeFile(file, '127.0.0.0/8\n');
    await program.logged('a file of a zone was read again');
    // The same connection, whose requests were let through before.
    expect(await request()).toMatch(/^HTTP\/1\.1 403 /);
    client.socket.end();
    const verdicts = (await program.logged('request', 3)).map(({ clientZone, verdict }) => [clientZone, verdict]);
    expect(verdicts).toEqual([
      ['loopback', 'accepted'],
      ['loopback', 'accepted'],
      ['banned', 'denied-by-policy'],
    ]);
  });
});

describe('a zone from names', () => {
  e2e('is known when the program listens, for both families', async (lab) => {
    const dns = new DnsServer();
    const records: Readonly<Record<number, readonly number[]>> = {
      [A]: [10, 9, 9, 9],
      [AAAA]: [0xfd, 0, ...Array<number>(13).fill(0), 9],
    };
    dns.reply = (_name, type) => ({ records: [{ data: records[type] ?? [], ttl: 60 }] });
    const servers = [await dns.listen()];
    lab.defer(() => dns.close());
    const zones = { partners: { hosts: ['partner.example'] } };
    // Whatever the zone is, nothing in this test is ever dialled.
    const access = [{ deny: { servers: ['partners'] } }, { deny: { servers: ['private'] } }];
    const program = await startProgram(lab, { ...config(zones, access), resolver: { type: 'dns', servers } });
    expect(dns.questions.map(({ type }) => type).toSorted((one, other) => one - other)).toEqual([A, AAAA]);
    expect(new Set(dns.questions.map(({ name }) => name))).toEqual(new Set(['partner.example']));
    for (const url of ['http://10.9.9.9/', 'http://[fd00::9]/', 'http://10.9.9.8/']) {
      expect(await ask(await connect(program), 'GET', url)).toMatch(/^HTTP\/1\.1 403 /);
    }
    expect(await program.logged('request', 3)).toMatchObject([
      { server: '10.9.9.9:80', serverZone: 'partners', rule: 'services.browser.access[0]' },
      { server: '[fd00::9]:80', serverZone: 'partners', rule: 'services.browser.access[0]' },
      { server: '10.9.9.8:80', serverZone: 'private', rule: 'services.browser.access[1]' },
    ]);
  });

  e2e('takes no loopback address from a name, and leaves nothing running', async (lab) => {
    const answer: Resolution = { addresses: [{ family: 'inet', address: '127.0.0.1' }], ttl: 60 };
    const resolver = definePlugin<object>({
      provides: 'resolver',
      kind: 'rebinding',
      schema: z.strictObject({}),
      create: () => ({ resolve: () => Promise.resolve(answer) }),
    });
    const zones = { partners: { hosts: ['partner.example'] } };
    const proxy = await lab.inband({
      ...config(zones, [{ deny: { servers: ['partners'] } }]),
      plugins: [resolver],
      resolver: { type: 'rebinding' },
    });
    const origin = await lab.origin((_request, response) => void response.end('ok'));
    const client = await RawClient.connect(proxy.port);
    expect(await ask(client, 'GET', `http://partner.example:${origin.port}/`)).toMatch(/^HTTP\/1\.1 200 /);
    const [record] = await proxy.recorded(1);
    expect(record && summarise(record)).toMatchObject({
      where: { asked: { host: 'partner.example', port: origin.port }, zone: 'loopback' },
      verdict: 'accepted',
    });
  });
});
