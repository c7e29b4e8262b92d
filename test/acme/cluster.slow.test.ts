import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect as connectTcp, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ConfigInput } from 'inband';
import { freePorts } from '../../packages/core/test-support/free-port.ts';
import { type ServerProcess, startNats, startRedis } from '../../packages/store/test-support/servers.ts';
import { type RunningProgram, startProgram } from '../e2e/program.ts';
import { describeRequiring } from '../support/requires.ts';
import { PEBBLE, Pebble } from './pebble.ts';

const PATIENCE = { timeout: 15_000, interval: 20 };
const NAMES = ['one', 'two', 'three'] as const;
const TOKEN = 'the-token-of-a-build';

interface MemberOfCluster {
  readonly name: string;
  readonly http: number;
  readonly tls: number;
  readonly build: number;
  readonly socket: string;
  readonly program: RunningProgram;
}

/** With `INBAND_TEST_LONG`, NATS as well. `store.deadline` is the usual one, which single calls miss at a start of a busy machine. */
const STORES = [
  { type: 'redis', command: 'redis-server', start: () => startRedis() },
  ...(process.env.INBAND_TEST_LONG === undefined
    ? []
    : [{ type: 'nats', command: 'nats-server', start: startNats } as const]),
] as const;

for (const { type, command, start } of STORES) {
  const requirements = { commands: [...PEBBLE.commands, command] };
  describeRequiring(requirements, `three programs, ${type} and a CA`, () => ofCluster(type, start));
}

function ofCluster(type: 'redis' | 'nats', start: () => Promise<ServerProcess>): void {
  let folder: string;
  let pebble: Pebble;
  let server: ServerProcess;
  let front: Server;
  let members: readonly MemberOfCluster[] = [];
  /** Which members the CA has reached. */
  const reached: string[] = [];
  const ends: (() => Promise<unknown>)[] = [];
  const lab = { defer: (end: () => unknown) => void ends.push(async () => end()) };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-cluster-'));
    // As an anycast address would, it leads to another member each time.
    front = createServer((client) => {
      const member = members[reached.length % members.length];
      if (member === undefined) {
        client.destroy();
        return;
      }
      reached.push(member.name);
      const both = [client, connectTcp(member.http, '127.0.0.1')] as const;
      for (const socket of both) socket.on('error', () => both.forEach((one) => one.destroy()));
      client.pipe(both[1]).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const address = front.address();
    const httpPort = typeof address === 'object' && address !== null ? address.port : 0;
    [pebble, server] = await Promise.all([Pebble.start({ httpPort, tlsPort: 9 }), start()]);
    await writeFile(join(folder, 'ca.pem'), pebble.ca);
    await writeFile(join(folder, 'cluster.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
    const ports = await freePorts(9);
    members = await Promise.all(
      NAMES.map(async (name, index) => {
        const [http = 0, tls = 0, build = 0] = ports.slice(index * 3);
        const socket = join(folder, `${name}.sock`);
        const place = { name, http, tls, build, socket };
        return { ...place, program: await startProgram(lab, config(place, index === 2 ? 2 : 1)) };
      }),
    );
  }, 60_000);

  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
    await Promise.all([pebble.close(), server.remove()]);
    front.close();
    await rm(folder, { recursive: true });
  });

  function config({ name, http, tls, build, socket }: Omit<MemberOfCluster, 'program'>, workers: number): ConfigInput {
    const nowhere = [{ chainer: { type: 'directed', remote: '127.0.0.1:9' } } as const];
    const tokens = { ci: `sha256:${createHash('sha256').update(TOKEN).digest('hex')}` };
    return {
      workers,
      store: { type, url: `${type}://127.0.0.1:${server.port}`, key: 'test' },
      cluster: { name: 'edge', member: name, secret: { file: join(folder, 'cluster.key') } },
      listeners: [
        { bind: `127.0.0.1:${http}`, service: 'web' },
        { bind: `127.0.0.1:${tls}`, service: 'web', tls: {} },
        { bind: `127.0.0.1:${build}`, service: 'build' },
      ],
      services: {
        web: { mode: 'reverse', access: [{ deny: {} }], routes: nowhere },
        build: { mode: 'reverse', auth: [{ type: 'token', tokens }], routes: nowhere },
      },
      admin: { bind: `unix:${socket}`, anonymous: 'operate' },
      acme: {
        directory: pebble.directory,
        hosts: [],
        onDemand: { allow: ['one.example'] },
        challenge: 'http-01',
        state: join(folder, `state-${name}`),
        ca: join(folder, 'ca.pem'),
      },
    };
  }

  /** A handshake with a member: the certificate, and whether `session` was resumed. Without one, the session of it. */
  async function shakeHands({ tls: port }: MemberOfCluster, session?: Buffer) {
    const socket = connect({ host: '127.0.0.1', port, servername: 'one.example', rejectUnauthorized: false, session });
    try {
      const shaken = once(socket, 'secureConnect');
      const [[ticket]] = await Promise.all([session === undefined ? once(socket, 'session') : [session], shaken]);
      const certificate = socket.getPeerX509Certificate();
      return { certificate, isResumed: socket.isSessionReused(), ticket: Buffer.from(ticket) };
    } finally {
      socket.destroy();
    }
  }

  function ask({ socketPath, port, method = 'GET', path, token, body }: Asked): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const headers = {
      host: 'localhost',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const where = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
    const asked = httpRequest({ ...where, method, path, headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  test('the certificate is ordered once, whichever of them the CA reaches, and all of them serve it', async () => {
    // Each of these clients waits for it.
    const shaken = await Promise.all(members.map((member) => shakeHands(member)));
    expect(new Set(shaken.map(({ certificate }) => certificate?.serialNumber)).size).toBe(1);
    expect(shaken[0]?.certificate?.subjectAltName).toBe('DNS:one.example');
    expect(pebble.log.match(/Issued certificate serial/gu)).toHaveLength(1);
    // The CA looks from several places at once.
    expect(new Set(reached).size).toBeGreaterThan(1);
    const issued = members.map(({ program }) =>
      program.lines.filter((line) => line.includes('a certificate was issued')),
    );
    expect(issued.flat()).toHaveLength(1);
    const silent = members.flatMap(({ program }) => program.lines.filter((line) => line.includes('did not say')));
    expect(silent).toEqual([]);
  });

  test('a client resumes its session with any of them', async () => {
    const [one, ...others] = members;
    if (one === undefined) throw new Error('There is one.');
    // Their own keys are those of their first moments.
    await vi.waitFor(async () => {
      const { ticket } = await shakeHands(one);
      for (const other of others) expect((await shakeHands(other, ticket)).isResumed).toBe(true);
    }, PATIENCE);
  });

  test('a token that is revoked at one of them is refused by all within a second, also by workers, until that is undone', async () => {
    const answers = (): Promise<number[]> =>
      Promise.all(members.map(({ build: port }) => ask({ port, path: '/', token: TOKEN })));
    const [one, two] = members;
    if (one === undefined || two === undefined) throw new Error('There are three.');
    expect(await answers()).toEqual([502, 502, 502]);
    const name = `sha256:${createHash('sha256').update(TOKEN).digest('hex')}`;
    const { socket: socketPath } = one;
    expect(await ask({ socketPath, method: 'POST', path: '/revoked', body: { name } })).toBe(200);
    await vi.waitFor(async () => expect(await answers()).toEqual([401, 401, 401]), PATIENCE);
    for (let time = 0; time < 8; time += 1) expect(await answers()).toEqual([401, 401, 401]);
    expect(await ask({ socketPath: two.socket, method: 'DELETE', path: `/revoked/${name}` })).toBe(200);
    await vi.waitFor(async () => expect(await answers()).toEqual([502, 502, 502]), PATIENCE);
  });
}

interface Asked {
  readonly socketPath?: string;
  readonly port?: number;
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
}
