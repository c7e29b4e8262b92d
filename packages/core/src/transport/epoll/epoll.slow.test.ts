import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SockAddr } from '../../base/address.ts';
import type { Connection, ConnectionHandler, Transport } from '../../base/connection.ts';
import { ignoreEvents } from '../../base/connection.ts';
import { ConnectionGate } from '../../clients/connection-gate.ts';
import { createEpollTransport, epollUnavailable } from './epoll.ts';

const run = promisify(execFile);
const MODULE = JSON.stringify(new URL('./epoll.ts', import.meta.url).href);
const CORE = JSON.stringify(new URL('../../index.ts', import.meta.url).href);
const loopback: SockAddr = { family: 'inet', address: '127.0.0.1', port: 0 };
const linux = process.platform === 'linux';
const glibc = JSON.stringify(process.report.getReport()).includes('glibcVersionRuntime');

/** Runs a module in a process of its own; `limit` is its number of descriptors. */
async function inProcess(
  script: string,
  { limit = 4096, env = {} }: { limit?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<unknown> {
  const shell = `ulimit -c 0; ulimit -n ${limit}; exec "$0" --input-type=module -e "$1"`;
  const options = { env: { ...process.env, ...env }, timeout: 15_000 };
  const { stdout } = await run('sh', ['-c', shell, process.execPath, script], options);
  return stdout === '' ? undefined : JSON.parse(stdout);
}

/** What scripts in a process of their own begin with. */
const prelude = `
  import { createEpollTransport } from ${MODULE};
  const transport = createEpollTransport();
  const ignore = { data() {}, drained() {}, ended() {}, closed() {} };
  const loopback = { family: 'inet', address: '127.0.0.1', port: 0 };
  const dial = (to) => new Promise((resolve) => transport.connect(to, {}, (e, c) => resolve(c ?? e.code)));
`;

/** One small exchange; resolves when the answer is whole. */
function exchange(connection: Connection, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = '';
  connection.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => {
      answer += bytes.toString('latin1', start, end);
      if (answer.length >= text.length) resolve(answer);
    },
    closed: (error) => reject(error ?? new Error('closed')),
  };
  connection.resume();
  connection.write(Buffer.from(text, 'latin1'));
  return promise;
}

describe('where it works', () => {
  test.skipIf(linux)('is Linux only', () => {
    expect(epollUnavailable()).toContain('Linux');
    expect(() => createEpollTransport()).toThrow('Linux');
  });

  test.skipIf(!linux)('is this machine, if it runs Linux', () => {
    expect(epollUnavailable()).toBeUndefined();
  });

  test.skipIf(!linux)('is not a worker thread, and it says so', async () => {
    const script = `
      const { parentPort } = require('node:worker_threads');
      import(${MODULE}).then(({ createEpollTransport, epollUnavailable }) => {
        let code;
        try { createEpollTransport(); } catch (error) { code = error.code; }
        parentPort.postMessage([epollUnavailable(), code]);
      });
    `;
    const worker = new Worker(script, { eval: true });
    const answer = await new Promise((resolve) => worker.once('message', resolve));
    expect(answer).toEqual([expect.stringContaining('main thread'), 'proxy_configuration_error']);
    await worker.terminate();
  });

  test.skipIf(!linux)('nothing native is loaded before it is created', async () => {
    const script = `
      import { readFileSync } from 'node:fs';
      const loaded = () => readFileSync('/proc/self/maps', 'utf8').includes('koffi');
      const { createEpollTransport } = await import(${CORE});
      const before = loaded();
      createEpollTransport();
      console.log(JSON.stringify([before, loaded()]));
    `;
    expect(await inProcess(script)).toEqual([false, true]);
  });
});

describe.skipIf(!linux)('a process', () => {
  test('ends by itself when nothing is open any more', async () => {
    const script = `${prelude}
      const listener = await transport.listen(loopback, {}, (c) => { c.handler = { ...ignore, ended: () => c.end() }; c.resume(); });
      const connection = await dial(listener.address);
      const closed = new Promise((resolve) => { connection.handler = { ...ignore, closed: resolve }; });
      connection.resume();
      connection.end();
      await closed;
      await listener.close();
      console.log(JSON.stringify('done'));
    `;
    expect(await inProcess(script)).toBe('done');
  });

  test('that never opened anything ends', async () => {
    expect(await inProcess(prelude)).toBeUndefined();
  });

  test('stays alive while it listens', async () => {
    const script = `${prelude}
      const listener = await transport.listen(loopback, {}, () => {});
      setTimeout(() => { console.log(JSON.stringify('still here')); void listener.close(); }, 50).unref();
    `;
    expect(await inProcess(script)).toBe('still here');
  });

  test.skipIf(!glibc)('gives freed memory back to the kernel when many have connected (glibc)', async () => {
    const script = `${prelude}
      const { setFlagsFromString } = await import('node:v8');
      const { runInNewContext } = await import('node:vm');
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc');
      // Too small to have pages of their own; what is allocated last keeps the allocator from giving back the others.
      let garbage = Array.from({ length: 2_000 }, () => Buffer.allocUnsafeSlow(32 * 1024).fill(1));
      const last = garbage.pop();
      garbage = undefined;
      const freed = setInterval(collect, 50);
      const listener = await transport.listen(loopback, {}, () => {});
      const before = process.memoryUsage.rss();
      for (let i = 0; i < 32; i += 1) await dial(listener.address);
      const watch = setInterval(() => {
        if (before - process.memoryUsage.rss() < 30_000_000) return;
        console.log(JSON.stringify(last.length));
        process.exit(0);
      }, 50);
    `;
    expect(await inProcess(script)).toBe(32 * 1024);
  });

  test('may exit at any moment, with everything open', async () => {
    const script = `${prelude}
      const listener = await transport.listen(loopback, {}, (c) => { c.handler = { ...ignore, data: () => {
        console.log(JSON.stringify('exits'));
        process.exit(0);
      } }; c.resume(); });
      const connection = await dial(listener.address);
      connection.write(Buffer.alloc(10_000_000));
    `;
    expect(await inProcess(script)).toBe('exits');
  });

  test('without descriptors fails connections, and accepts again when there are some', async () => {
    const script = `${prelude}
      const accepted = [];
      let clients = 0;
      const listener = await transport.listen(loopback, {}, (c) => { accepted.push(c); });
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => dial(listener.address)));
      const codes = new Set(outcomes.filter((o) => typeof o === 'string'));
      for (const o of outcomes) if (typeof o !== 'string') o.destroy();
      for (const c of accepted.splice(0)) c.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (const c of accepted.splice(0)) c.destroy();
      const again = await dial(listener.address);
      while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify({ codes: [...codes], again: typeof again }));
      process.exit(0);
    `;
    const outcome = { codes: ['connection_limit_reached'], again: 'object' };
    expect(await inProcess(script, { limit: 64 })).toEqual(outcome);
  });

  test('out of descriptors does not spin', async () => {
    const script = `${prelude}
      import { closeSync, openSync } from 'node:fs';
      import { connect } from 'node:net';
      const listener = await transport.listen(loopback, {}, (c) => { c.destroy(); accepted(); });
      let accepted;
      const first = new Promise((resolve) => { accepted = resolve; });
      const held = [];
      try { for (;;) held.push(openSync('/dev/null')); } catch {}
      closeSync(held.pop());
      // Takes the last descriptor there is.
      const socket = connect(listener.address.port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const used = process.cpuUsage(before);
      for (const descriptor of held) closeSync(descriptor);
      await first;
      socket.destroy();
      console.log(JSON.stringify((used.user + used.system) / 1000 < 200));
      process.exit(0);
    `;
    expect(await inProcess(script, { limit: 64 })).toBe(true);
  });

  test('in checking mode does not survive a descriptor that was closed behind its back', async () => {
    const script = `${prelude}
      import { closeSync, readdirSync, readlinkSync } from 'node:fs';
      const listener = await transport.listen(loopback, {}, () => {});
      const isSocket = (d) => { try { return readlinkSync('/proc/self/fd/' + d).startsWith('socket:'); } catch { return false; } };
      const sockets = () => readdirSync('/proc/self/fd').filter(isSocket);
      const before = sockets();
      const connection = await dial(listener.address);
      const stolen = sockets().filter((d) => !before.includes(d));
      for (const d of stolen) closeSync(Number(d));
      connection.write(Buffer.from('x'));
      console.log(JSON.stringify('went on'));
      process.exit(0);
    `;
    expect(await inProcess(script)).toBe('went on');
    const checking = inProcess(script, { env: { INBAND_EPOLL_CHECK: '1' } });
    await expect(checking).rejects.toMatchObject({ stderr: expect.stringContaining('The epoll transport is broken') });
  });

  test('in checking mode refuses a step that the state of a connection does not allow', async () => {
    const script = `${prelude}
      const listener = await transport.listen(loopback, {}, () => {});
      const connection = await dial(listener.address);
      let refused = 'nothing';
      try { connection.onClosed(); } catch (error) { refused = error.name; }
      console.log(JSON.stringify(refused));
      process.exit(0);
    `;
    expect(await inProcess(script)).toBe('nothing');
    expect(await inProcess(script, { env: { INBAND_EPOLL_CHECK: '1' } })).toBe('IllegalStepError');
  });
});

describe.skipIf(!linux)('on a real kernel', () => {
  let transport: Transport;
  let directory: string;
  const owned: Connection[] = [];

  beforeEach(async () => {
    transport = createEpollTransport();
    directory = await mkdtemp(join(tmpdir(), 'inband-epoll-'));
  });
  afterEach(async () => {
    for (const connection of owned.splice(0)) connection.destroy();
    await rm(directory, { recursive: true });
  });

  function own(connection: Connection, handler: Partial<ConnectionHandler> = {}): Connection {
    owned.push(connection);
    connection.handler = { ...ignoreEvents, ...handler };
    return connection;
  }

  function dial(remote: SockAddr, local?: SockAddr): Promise<Connection> {
    return new Promise((resolve, reject) => {
      transport.connect(remote, local === undefined ? {} : { local }, (error, connection) => {
        if (connection === undefined) reject(error ?? new Error('settled with nothing'));
        else resolve(own(connection));
      });
    });
  }

  /** Sends back what it receives. */
  function echo(connection: Connection): void {
    own(connection, {
      data: (bytes, start, end) => {
        if (!connection.write(bytes, start, end)) connection.pause();
      },
      drained: () => connection.resume(),
      ended: () => connection.end(),
    });
    connection.resume();
  }

  describe('errors on connect are told by their errno:', () => {
    test('no socket file', async () => {
      const missing: SockAddr = { family: 'unix', path: join(directory, 'missing.sock') };
      await expect(dial(missing)).rejects.toMatchObject({
        code: 'connection_refused',
        message: expect.stringContaining('ENOENT'),
        cause: expect.objectContaining({ code: 'ENOENT', syscall: 'connect' }),
      });
    });

    test('a file that is no socket', async () => {
      const path = join(directory, 'file');
      await writeFile(path, 'precious');
      await expect(dial({ family: 'unix', path })).rejects.toMatchObject({ code: 'connection_refused' });
    });

    test('nobody listens on the port', async () => {
      const listener = await transport.listen(loopback, {}, () => undefined);
      await listener.close();
      await expect(dial(listener.address)).rejects.toMatchObject({
        code: 'connection_refused',
        message: expect.stringContaining('ECONNREFUSED'),
      });
    });

    test('a local address that is not of this machine', async () => {
      const listener = await transport.listen(loopback, {}, () => undefined);
      const foreign: SockAddr = { family: 'inet', address: '192.0.2.1', port: 0 };
      await expect(dial(listener.address, foreign)).rejects.toMatchObject({
        code: 'destination_ip_unroutable',
        message: expect.stringContaining('EADDRNOTAVAIL'),
      });
      await listener.close();
    });

    test('a full queue of a unix socket', async () => {
      const address: SockAddr = { family: 'unix', path: join(directory, 'busy.sock') };
      const script = `
        const server = require('node:net').createServer();
        server.listen({ path: process.argv[1], backlog: 1 }, () => { console.log('ready'); process.kill(process.pid, 'SIGSTOP'); });
      `;
      const child = execFile(process.execPath, ['-e', script, address.path]);
      await new Promise((resolve) => child.stdout?.once('data', resolve));
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => dial(address)));
      child.kill('SIGKILL');
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      expect(refused[0]?.reason).toMatchObject({ code: 'connection_limit_reached' });
    });
  });

  describe('beside sockets of Node', () => {
    let server: ReturnType<typeof createServer>;
    let nodeSide: Promise<Socket>;

    beforeEach(async () => {
      server = createServer({ allowHalfOpen: true });
      nodeSide = new Promise((resolve) => server.once('connection', resolve));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => new Promise((resolve) => server.close(resolve)));

    async function toNode(): Promise<{ ours: Connection; theirs: Socket; events: string[]; over: Promise<void> }> {
      const bound = server.address();
      const port = bound === null || typeof bound === 'string' ? 0 : bound.port;
      const [ours, theirs] = await Promise.all([dial({ family: 'inet', address: '127.0.0.1', port }), nodeSide]);
      theirs.on('error', () => undefined);
      const events: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      own(ours, {
        data: (bytes, start, end) => void events.push(bytes.toString('latin1', start, end)),
        ended: () => void events.push('ended'),
        closed: (error) => {
          events.push(error === undefined ? 'closed' : 'failed');
          resolve();
        },
      });
      return { ours, theirs, events, over: promise };
    }

    test('we end, they answer and end', async () => {
      const { ours, theirs, events, over } = await toNode();
      ours.resume();
      theirs.on('end', () => theirs.end('answer')).resume();
      ours.write(Buffer.from('request'));
      ours.end();
      await over;
      expect(events).toEqual(['answer', 'ended', 'closed']);
    });

    test('they end, we answer and end', async () => {
      const { ours, theirs, events, over } = await toNode();
      const answer: Promise<string> = new Promise((resolve) => theirs.once('data', (chunk) => resolve(String(chunk))));
      theirs.end('request');
      ours.resume();
      while (!events.includes('ended')) await nextIteration();
      ours.write(Buffer.from('answer'));
      ours.end();
      await over;
      expect(await answer).toBe('answer');
      expect(events).toEqual(['request', 'ended', 'closed']);
    });

    test('they end, then reset', async () => {
      const { ours, theirs, events, over } = await toNode();
      theirs.end('all');
      ours.resume();
      while (!events.includes('ended')) await nextIteration();
      // Bytes that nobody reads turn their close into a reset.
      ours.write(Buffer.from('unread'));
      theirs.destroy();
      ours.write(Buffer.from('more'));
      while (!events.includes('failed')) {
        ours.write(Buffer.from('more'));
        await nextIteration();
      }
      await over;
      expect(events).toEqual(['all', 'ended', 'failed']);
    });

    test('we end, then they reset', async () => {
      const { ours, theirs, events, over } = await toNode();
      ours.resume();
      ours.end();
      await new Promise((resolve) => theirs.once('end', resolve).resume());
      theirs.resetAndDestroy();
      await over;
      expect(events).toEqual(['failed']);
    });

    test('they send and reset at once, while we are paused: it is told when we read', async () => {
      const { ours, theirs, events, over } = await toNode();
      theirs.resetAndDestroy();
      await new Promise((resolve) => theirs.once('close', resolve));
      await nextIteration();
      await nextIteration();
      expect(events).toEqual([]);
      ours.resume();
      await over;
      expect(events).toEqual(['failed']);
    });

    test('we reset, they are told', async () => {
      const { ours, theirs, over } = await toNode();
      const error = new Promise<NodeJS.ErrnoException>((resolve) => theirs.once('error', resolve));
      theirs.resume();
      ours.destroy(new Error('given up'));
      await over;
      expect(await error).toMatchObject({ code: 'ECONNRESET' });
    });

    test('an answer and a reset while our request is still on its way: the answer is delivered first', async () => {
      const { ours, theirs, events, over } = await toNode();
      ours.resume();
      theirs.once('data', () => theirs.end('too large', () => theirs.destroy()));
      const body = Buffer.alloc(1 << 20);
      while (ours.write(body)) await nextIteration();
      await over;
      expect(events[0]).toBe('too large');
      expect(events.at(-1)).toBe('failed');
    });

    test('both kinds serve at the same time', async () => {
      const listener = await transport.listen(loopback, {}, echo);
      const port = listener.address.family === 'unix' ? 0 : listener.address.port;
      server.on('connection', (socket) => socket.pipe(socket));
      const { ours } = await toNode();
      const theirs = connectSocket({ port, host: '127.0.0.1' });
      for (let round = 0; round < 50; round += 1) {
        const answer = new Promise((resolve) => theirs.once('data', (chunk) => resolve(String(chunk))));
        theirs.write(`round ${round}`);
        expect(await exchange(ours, `ours ${round}`)).toBe(`ours ${round}`);
        expect(await answer).toBe(`round ${round}`);
      }
      theirs.destroy();
      ours.destroy();
      await listener.close();
    });
  });

  test('200 listeners accept each their own', async () => {
    const listeners = await Promise.all(
      Array.from({ length: 200 }, (_unused, index) =>
        transport.listen(loopback, {}, (connection) => {
          own(connection).write(Buffer.from(`${index}`));
          connection.end();
        }),
      ),
    );
    const answers = await Promise.all(
      listeners.map(async (listener) => {
        const connection = await dial(listener.address);
        const { promise, resolve } = Promise.withResolvers<string>();
        let answer = '';
        connection.handler = {
          ...ignoreEvents,
          data: (bytes, start, end) => void (answer += bytes.toString('latin1', start, end)),
          ended: () => resolve(answer),
        };
        connection.resume();
        return promise;
      }),
    );
    expect(answers).toEqual(listeners.map((_listener, index) => `${index}`));
    await Promise.all(listeners.map((listener) => listener.close()));
  });

  test('in an overload each client that is not served is reset, and none is left waiting', async () => {
    let reset = 0;
    const gate = new ConnectionGate({ overloadAfter: 0, onOverload: (count) => void (reset += count) });
    let accepted = 0;
    const listener = await transport.listen(loopback, { gate, backlog: 128 }, (connection) => {
      accepted += 1;
      connection.destroy();
    });
    const { address } = listener;
    if (address.family === 'unix') throw new Error('not on loopback');
    const outcomes = Array.from({ length: 200 }, () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const socket = connectSocket({ host: address.address, port: address.port });
      socket.resume();
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.on('end', () => resolve('end'));
      return promise;
    });
    const came = await Promise.all(outcomes);
    expect(came.filter((outcome) => outcome === 'end')).toHaveLength(accepted);
    expect(came.filter((outcome) => outcome === 'ECONNRESET')).toHaveLength(reset);
    expect(accepted + reset).toBe(200);
    expect(reset).toBeGreaterThan(0);
    await listener.close();
  });

  test('bulky connections starve neither a small exchange nor a timer', async () => {
    const listener = await transport.listen(loopback, {}, echo);
    const block = Buffer.alloc(1 << 20);
    let carried = 0;
    for (let bulky = 0; bulky < 4; bulky += 1) {
      const connection = await dial(listener.address);
      const fill = (): void => {
        while (connection.write(block));
      };
      connection.handler = {
        ...ignoreEvents,
        data: (_bytes, start, end) => void (carried += end - start),
        drained: fill,
      };
      connection.resume();
      fill();
    }
    const small = await dial(listener.address);
    const busy: number[] = [];
    let before = process.cpuUsage();
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(before);
      before = process.cpuUsage();
      busy.push((user + system) / 1000);
    }, 5);
    for (let round = 0; round < 200; round += 1) await exchange(small, `small exchange ${round}`);
    while (busy.length < 20) await nextIteration();
    clearInterval(timer);
    // Milliseconds of processor time between two calls of the timer, because the machine may have other things to do.
    expect(busy.toSorted((a, b) => a - b)[busy.length >> 1]).toBeLessThan(25);
    expect(carried).toBeGreaterThan(1 << 20);
    await listener.close();
  });

  test('continuations of promises do not wait for another event', async () => {
    const listener = await transport.listen(loopback, {}, echo);
    const connection = await dial(listener.address);
    const started = performance.now();
    for (let round = 0; round < 20; round += 1) await exchange(connection, 'ping');
    expect(performance.now() - started).toBeLessThan(5000);
    await listener.close();
  });

  test('2000 connections that come and go at random keep their bytes apart', async () => {
    const listener = await transport.listen(loopback, {}, echo);
    let random = 1;
    const next = (): number => (random = (random * 48_271) % 0x7fff_ffff);
    const client = async (number: number): Promise<void> => {
      for (let turn = next() % 3; turn > 0; turn -= 1) await nextIteration();
      const connection = await dial(listener.address);
      const text = `connection ${number}, `.repeat(1 + (next() % 50));
      if (next() % 4 === 0) {
        connection.write(Buffer.from(text));
        connection.destroy(next() % 2 === 0 ? undefined : new Error('given up'));
        return;
      }
      expect(await exchange(connection, text)).toBe(text);
      connection.handler = ignoreEvents;
      if (next() % 2 === 0) connection.end();
      else connection.destroy();
    };
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 100 }, (_unused, index) => client(round * 100 + index)));
    }
    await listener.close();
  });

  test('the file of a unix listener is gone when it has closed, and one left behind is replaced', async () => {
    const address: SockAddr = { family: 'unix', path: join(directory, 'proxy.sock') };
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await run(process.execPath, ['-e', script, address.path]).catch(() => undefined);
    expect(existsSync(address.path)).toBe(true);
    const listener = await transport.listen(address, {}, echo);
    expect(await exchange(await dial(address), 'hello')).toBe('hello');
    await expect(transport.listen(address, {}, echo)).rejects.toMatchObject({ code: 'proxy_configuration_error' });
    await listener.close();
    expect(existsSync(address.path)).toBe(false);
  });

  test('an IPv4 client of a dual-stack listener has an IPv4 address', async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>();
    const listener = await transport.listen({ family: 'inet6', address: '::', port: 0 }, {}, resolve);
    const port = listener.address.family === 'unix' ? 0 : listener.address.port;
    const client = await dial({ family: 'inet', address: '127.0.0.1', port });
    const server = own(await promise);
    expect(server.remote).toEqual(client.local);
    expect(server.local).toEqual({ family: 'inet', address: '127.0.0.1', port });
    await listener.close();
  });

  test('the address that a client of a wildcard listener came to is known, also when it is gone', async () => {
    const { promise, resolve } = Promise.withResolvers<Connection>();
    const listener = await transport.listen({ family: 'inet', address: '0.0.0.0', port: 0 }, {}, resolve);
    const port = listener.address.family === 'unix' ? 0 : listener.address.port;
    const client = await dial({ family: 'inet', address: '127.0.0.1', port });
    const server = await promise;
    const closed = new Promise<void>((done) => own(server, { closed: () => done() }));
    server.destroy();
    client.destroy();
    await closed;
    expect(server.local).toEqual({ family: 'inet', address: '127.0.0.1', port });
    await listener.close();
  });

  test('an abstract socket is listened on and dialled', async () => {
    const address: SockAddr = { family: 'unix', path: `\0inband-test-${process.pid}` };
    const listener = await transport.listen(address, {}, echo);
    expect(await exchange(await dial(address), 'hello')).toBe('hello');
    await listener.close();
  });
});

test.runIf(epollUnavailable() === undefined)(
  'an address is shared by those who all ask for it, and by nobody else',
  async () => {
    const transport = createEpollTransport();
    const refuse = (connection: Connection): void => connection.destroy();
    const first = await transport.listen(loopback, { reusePort: true }, refuse);
    const second = await transport.listen(first.address, { reusePort: true }, refuse);
    expect(second.address).toEqual(first.address);
    await expect(transport.listen(first.address, {}, refuse)).rejects.toThrow(/EADDRINUSE/);
    await Promise.all([first.close(), second.close()]);
  },
);
