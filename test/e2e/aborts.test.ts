import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { openFiles } from '../support/open-files.ts';
import { describeRequiring } from '../support/requires.ts';
import { e2e, forward, type Lab } from './lab.ts';
import { type RunningProgram, startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';

const CLIENTS = 1_000;

interface FullServer {
  readonly port: number;
  /** Connections that hang there without the proxy's. */
  readonly hanging: number;
}

/** Servers that behave as the stages need it. */
interface Servers {
  /** Answers the first half of a response, and carries on a tunnel. */
  readonly halfway: number;
  /** Takes requests and never answers. */
  readonly silent: { readonly port: number; readonly requests: () => number };
  /** Never accepts. */
  readonly full: FullServer;
}

/** Brings clients to where they abort; resolves when the proxy has got there too. */
type Stage = (clients: readonly RawClient[], servers: Servers) => Promise<unknown>;

function sendAll(clients: readonly RawClient[], bytes: string): Promise<unknown> {
  return Promise.all(clients.map(({ socket }) => new Promise((resolve) => socket.write(bytes, resolve))));
}

function request(port: number, method = 'GET', more = ''): string {
  const target = method === 'CONNECT' ? `127.0.0.1:${port}` : `http://127.0.0.1:${port}/`;
  return `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${more}\r\n`;
}

const STAGES: Record<string, Stage> = {
  'before anything': async () => {},
  'in the request line': (clients) => sendAll(clients, 'GET http://127.0'),
  'in the head': (clients, { silent }) => sendAll(clients, request(silent.port).slice(0, -6)),
  'right after the head': (clients, { silent }) => sendAll(clients, request(silent.port)),
  'in the body': (clients, { halfway }) =>
    sendAll(clients, `${request(halfway, 'PUT', 'Content-Length: 9999\r\n')}part`),
  'in the body, in chunks': (clients, { halfway }) =>
    sendAll(clients, `${request(halfway, 'PUT', 'Transfer-Encoding: chunked\r\n')}5\r\npa`),
  'while connecting': (clients, { full }) => sendAndHang(clients, full, request(full.port)),
  'while waiting for the response': async (clients, { silent }) => {
    const before = silent.requests();
    await sendAll(clients, request(silent.port));
    await until(() => silent.requests() >= before + clients.length);
  },
  'in the response': async (clients, { halfway }) => {
    await sendAll(clients, request(halfway));
    await Promise.all(clients.map((client) => client.until('half')));
  },
  'while a tunnel is set up': (clients, { full }) => sendAndHang(clients, full, request(full.port, 'CONNECT')),
  'in a tunnel': async (clients, { halfway }) => {
    await sendAll(clients, request(halfway, 'CONNECT'));
    await Promise.all(clients.map((client) => client.until('\r\n\r\n')));
    await sendAll(clients, request(halfway));
    await Promise.all(clients.map((client) => client.until('half')));
  },
};

async function sendAndHang(clients: readonly RawClient[], { port, hanging }: FullServer, bytes: string): Promise<void> {
  // Clients of an earlier stage first run into the bounded wait.
  await until(() => connecting(port) <= hanging);
  await sendAll(clients, bytes);
  await until(() => connecting(port) >= hanging + clients.length);
}

/** The one wait without an event: what the kernel shows of another process is only seen by looking. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await wait(20);
}

/** Connections to a port that the kernel is still setting up. */
function connecting(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const SYN_SENT = '02';
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((part) => part[2]?.endsWith(`:${hex}`) && part[3] === SYN_SENT).length;
}

/** A server that is stopped, and whose queue of connections is full: further ones hang. */
async function startFullServer(lab: Lab): Promise<FullServer> {
  const script = `const server = require('node:net').createServer();
    server.listen(0, '127.0.0.1', 1, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(printed.toString());
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  lab.defer(async () => {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
    await closed;
  });
  // A full queue is one that two in a row do not get into.
  while (connecting(port) < 2) {
    fillers.push(connect(port, '127.0.0.1').on('error', () => {}));
    await wait(20);
  }
  return { port, hanging: connecting(port) };
}

async function startServers(lab: Lab): Promise<Servers> {
  let requests = 0;
  const silent = await lab.tcpOrigin((socket) => {
    socket.on('data', () => (requests += 1)).on('end', () => socket.end());
  });
  const halfway = await lab.tcpOrigin((socket) => {
    socket.on('end', () => socket.end());
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
  });
  return {
    halfway: halfway.port,
    silent: { port: silent.port, requests: () => requests },
    full: await startFullServer(lab),
  };
}

/** A request that works, and by which the program has opened whatever it keeps open. */
async function works(program: RunningProgram, port: number): Promise<void> {
  const client = await RawClient.connect(program.port);
  client.send(request(port, 'GET', 'Connection: close\r\n'));
  expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*fine/);
  client.socket.end();
  await client.closed;
}

describeRequiring({ linux: true }, `${CLIENTS} clients that abort`, () => {
  e2e(
    'at every stage, by FIN and by RST, leave no descriptor behind and the program alive',
    async (lab) => {
      const config = forward({ responseTimeout: '2s', bodyTimeout: '2s' });
      const program = await startProgram(lab, { ...config, serverPool: { idleTimeout: '1s' } });
      const servers = await startServers(lab);
      const fine = await lab.origin((_req, res) => void res.writeHead(200, { connection: 'close' }).end('fine'));
      await works(program, fine.port);
      const sockets = (): number => openFiles(program.pid).filter((file) => file.startsWith('socket:')).length;
      const socketsBefore = await lowest(sockets);
      const before = openFiles(program.pid).length;

      const stages = Object.values(STAGES);
      const ways = [
        (client: RawClient) => client.socket.destroy(),
        (client: RawClient) => client.socket.resetAndDestroy(),
      ];
      const each = Math.ceil(CLIENTS / stages.length / ways.length);
      for (const stage of stages) {
        for (const abort of ways) {
          const clients = await Promise.all(Array.from({ length: each }, () => RawClient.connect(program.port)));
          await stage(clients, servers);
          for (const client of clients) abort(client);
          await Promise.all(clients.map(({ closed }) => closed));
        }
      }

      // Clients that closed in silence while a server was awaited are only found out by the bounded waits.
      await until(() => sockets() <= socketsBefore);
      expect(openFiles(program.pid).length).toBeLessThanOrEqual(before);
      await works(program, fine.port);
      program.kill('SIGTERM');
      expect(await program.ended).toEqual({ status: 0, signal: null, stderr: '' });
      expect(program.lines.filter((line) => /"level":"(?:warn|error)"/.test(line))).toEqual([]);
      // Every session that began has its line.
      const sessions = program.lines.map((line) => (JSON.parse(line) as { session?: number }).session);
      const ids = sessions.filter((id) => id !== undefined).toSorted((a, b) => a - b);
      expect(ids.length).toBeGreaterThan(CLIENTS / 2);
      expect(ids).toEqual(ids.map((_, index) => index + 1));
    },
    60_000,
  );
});

/** The idle state, once it is reached: what `works` used is on its way out. */
async function lowest(count: () => number): Promise<number> {
  for (let last = count(); ;) {
    await wait(100);
    const now = count();
    if (now === last) return now;
    last = now;
  }
}

e2e('a client that closes while it waits does not keep its server connection', async (lab) => {
  const proxy = await lab.inband(forward({ halfCloseTimeout: '200ms' }));
  const given = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const origin = await lab.origin((req) => {
    req.socket.on('close', () => given.resolve());
    asked.resolve();
  });
  const client = await RawClient.connect(proxy.port);
  client.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
  await asked.promise;
  client.socket.end();
  await given.promise;
  expect(await proxy.recorded(1)).toMatchObject([{ aborted: true, error: undefined }]);
  expect(await client.toEnd()).toBe('');
});

e2e('the rest of a half-closed tunnel is bounded, whatever trickles', async (lab) => {
  const proxy = await lab.inband(forward({ tunnelHalfCloseTimeout: '300ms' }));
  const given = Promise.withResolvers<void>();
  const origin = await lab.tcpOrigin((socket) => {
    const trickle = setInterval(() => socket.write('x'), 20);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(trickle);
      given.resolve();
    });
    socket.resume();
  });
  const client = await RawClient.connect(proxy.port);
  client.sendHead(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
  await client.until('x');
  client.socket.on('error', () => {});
  client.socket.end();
  await given.promise;
  expect(await proxy.recorded(1)).toMatchObject([{ error: { setting: 'http.tunnelHalfCloseTimeout' } }]);
});
