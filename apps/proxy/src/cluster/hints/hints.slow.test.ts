import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '@inband/store';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freePort } from '../../../../../packages/core/test-support/free-port.ts';
import { keepingLogger } from '../../../../../packages/store/test-support/keeping-logger.ts';
import { type ServerProcess, startRedis } from '../../../../../packages/store/test-support/servers.ts';
import { describeRequiring } from '../../../../../test/support/requires.ts';
import { type Program, startProgram } from '../../../test-support/program.ts';
import type { ConfigInput } from '../../config/input/config-input.ts';
import { createInband, type Inband } from '../../index.ts';
import { parseHints } from './hints.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };

/** Counts the connections to it. */
class CountingServer {
  looks = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => {
      this.looks += 1;
      socket.on('error', () => undefined).resume();
    });
  }

  static async listen(): Promise<CountingServer> {
    const server = new CountingServer();
    await once(server.#server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  close(): void {
    this.#server.close();
  }
}

let tries = 0;

describeRequiring({ commands: ['redis-server'] }, 'machines with pools', () => {
  let folder: string;
  let redis: ServerProcess;
  let store: Store;
  let program: Program;
  let embedded: Inband;
  let dead: string;
  /** One for each try, because what was heard of a server counts for half a minute. */
  const well: CountingServer[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-hints-'));
    redis = await startRedis();
    const at = { host: '127.0.0.1', port: redis.port };
    store = await openStore({ type: 'redis', servers: { at }, key: 'test:edge', logger: keepingLogger().logger });
    for (let count = 0; count < 2; count += 1) well.push(await CountingServer.listen());
    const servers = well.map(({ address }) => address);
    dead = `127.0.0.1:${await freePort()}`;
    const configuration = (member: string): ConfigInput => ({
      store: { type: 'redis', url: `redis://127.0.0.1:${redis.port}`, key: 'test' },
      cluster: { name: 'edge', member },
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: {
        web: {
          mode: 'reverse',
          routes: [
            { chainer: { type: 'pool', servers: [dead, ...servers], check: { type: 'tcp', interval: '1h', fall: 1 } } },
          ],
        },
      },
    });
    const file = join(folder, 'inband.json');
    await writeFile(file, JSON.stringify({ ...configuration('two-workers'), workers: 2 }));
    program = startProgram(['--config', file]);
    await program.logged('listening');
    embedded = await createInband(configuration('embedded'));
  });

  afterAll(async () => {
    program.kill('SIGTERM');
    await Promise.all([embedded.close(), program.ended]);
    for (const server of well) server.close();
    await store.close();
    await redis.remove();
    await rm(folder, { recursive: true });
  });

  test('tell each other which servers have failed', async () => {
    await vi.waitFor(async () => {
      const { by = [] } = parseHints((await store.get('hints'))?.value)[dead] ?? {};
      expect(by.toSorted()).toEqual(['embedded', 'two-workers']);
    }, PATIENCE);
  });

  test('look soon at a server that two others have found down, each once, and not at others', async () => {
    const server = well[(tries += 1) % well.length];
    if (server === undefined) throw new Error('there is none');
    await vi.waitFor(() => expect(server.looks).toBe(2), PATIENCE);
    await store.put('hints', JSON.stringify({ [server.address]: { by: ['x', 'y'], at: await store.time() } }));
    await vi.waitFor(() => expect(server.looks).toBe(4), PATIENCE);
    await new Promise((resolve) => void setTimeout(resolve, 1_500));
    expect(server.looks).toBe(4);
  });
});
