import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createNodeTransport } from '@inband/core';
import type { Connection, SockAddr } from '@inband/core';
import { nodeImplementation, opensslImplementation } from '@inband/tls';
import type { TlsImplementation } from '@inband/tls';
import { afterEach, expect, test } from 'vitest';
import { describeRequiring } from '../../support/requires.ts';
import { Probe } from '../probe.ts';
import { contextsOf, release } from './contexts.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const LOOPBACK = '127.0.0.1';
const transport = createNodeTransport();

/** Ends what the test has begun. */
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** The `openssl` program, and what it has written. */
class Openssl {
  text = '';
  readonly #process: ChildProcessWithoutNullStreams;
  #told = (): void => {};

  constructor(...parameters: string[]) {
    this.#process = spawn('openssl', parameters);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        this.text += bytes.toString('latin1');
        this.#told();
      });
    }
    const closed = new Promise((resolve) => this.#process.once('close', resolve));
    ends.push(() => {
      this.#process.kill('SIGKILL');
      return closed;
    });
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found !== null) return found;
      await new Promise<void>((resolve) => (this.#told = resolve));
    }
  }
}

/** The connection of the first client of a server that speaks TLS, and the address of that server. */
async function listen(tls: TlsImplementation): Promise<{ address: SockAddr; accepted: Promise<Probe> }> {
  const contexts = contextsOf({ client: tls, server: tls });
  const { promise: accepted, resolve, reject } = Promise.withResolvers<Probe>();
  const listener = await transport.listen({ family: 'inet', address: LOOPBACK, port: 0 }, {}, (plain) => {
    tls.accept(plain, contexts.server, undefined, (error, connection) => own(resolve, reject, error, connection));
  });
  ends.push(
    () => listener.close(),
    () => release(contexts),
  );
  return { address: listener.address, accepted };
}

function own(
  resolve: (probe: Probe) => void,
  reject: (error: Error) => void,
  error: Error | undefined,
  connection: Connection | undefined,
): void {
  if (connection === undefined) return reject(error ?? new Error('no connection'));
  const probe = new Probe(connection);
  ends.push(async () => {
    probe.destroy();
    await probe.untilClosed();
  });
  probe.resume();
  resolve(probe);
}

function connect(tls: TlsImplementation, port: number): Promise<Probe> {
  const contexts = contextsOf({ client: tls, server: tls });
  ends.push(() => release(contexts));
  const { promise, resolve, reject } = Promise.withResolvers<Probe>();
  transport.connect({ family: 'inet', address: LOOPBACK, port }, {}, (error, plain) => {
    if (plain === undefined) return reject(error ?? new Error('no connection'));
    tls.connect(plain, contexts.client, 'localhost', (failure, connection) =>
      own(resolve, reject, failure, connection),
    );
  });
  return promise;
}

describeRequiring({ commands: ['openssl'] }, 'keys are updated by the openssl program', () => {
  // `k` updates the keys of what it sends, `K` asks for those of the answers as well.
  test.each([opensslImplementation(), nodeImplementation])('as a client of $name', async (tls) => {
    const { address, accepted } = await listen(tls);
    const port = address.family === 'unix' ? 0 : address.port;
    const client = new Openssl('s_client', '-connect', `${LOOPBACK}:${port}`, '-servername', 'localhost', '-tls1_3');
    const server = await accepted;
    let expected = '';
    let updates = 0;
    for (const line of ['before', 'k', 'after one', 'K', 'after both', 'K', 'at last']) {
      client.type(line);
      if (line.length === 1) {
        updates += 1;
        // What is typed at the same time would be taken for a part of the command.
        await client.until(new RegExp(`(KEYUPDATE[^]*){${updates}}`));
        continue;
      }
      expected += `${line}\n`;
      await server.untilLength(expected.length);
      server.write(`answer to ${line}\n`);
      await client.until(new RegExp(`answer to ${line}\n`));
    }
    expect(server.text).toBe(expected);
  });

  test.each([opensslImplementation(), nodeImplementation])('as a server of $name', async (tls) => {
    const pair = ['-cert', fixture('localhost.crt'), '-key', fixture('localhost.key')];
    const server = new Openssl('s_server', '-accept', `${LOOPBACK}:0`, ...pair, '-tls1_3');
    const [, port] = await server.until(/ACCEPT \S+:(\d+)/);
    const client = await connect(tls, Number(port));
    let length = 0;
    for (const line of ['before', 'k', 'after one', 'K', 'after both', 'K', 'at last']) {
      if (line.length > 1) {
        client.write(`question ${line}\n`);
        await server.until(new RegExp(`question ${line}\n`));
        length += line.length + 1;
      }
      server.type(line);
      await client.untilLength(length);
    }
    expect(client.text).toBe('before\nafter one\nafter both\nat last\n');
  });
});
