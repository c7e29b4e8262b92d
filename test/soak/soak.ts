import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MOST_LEFT } from './flat.ts';
import { Random } from './random.ts';
import { SoakClient, type Tally } from './soak-client.ts';
import { SoakOrigin } from './soak-origin.ts';
import type { SoakedOrder, SoakedPorts, SoakedState } from './soaked-proxy.ts';
import { configuration, parentConfiguration, WAYS } from './ways.ts';

export interface SoakResult extends Tally {
  readonly seconds: number;
  /** Connections made to the origins: the others were reused. */
  readonly serverConnections: number;
  /** What the proxy had come to after each tenth, and when all clients had gone. */
  readonly states: readonly SoakedState[];
  readonly end: SoakedState;
}

export interface SoakOptions {
  readonly exchanges: number;
  readonly transport: 'epoll' | 'node';
  readonly seed?: number;
  /** Told after each tenth. */
  readonly onTenth?: (tally: Tally, state: SoakedState) => void;
}

const CLIENTS = 96;
/** Nobody listens there. */
const DEAD = 1;
/** Milliseconds until the server connections of the proxies have been idle for too long, where the machine is not busy. */
const UNTIL_IDLE = 3_000;
const PROXY = fileURLToPath(new URL('soaked-proxy.ts', import.meta.url));

/** A proxy in a process of its own. */
class SoakedProxy {
  readonly #child: ChildProcess;
  readonly #messages: AsyncIterator<unknown[]>;
  ports: readonly number[] = [];

  private constructor() {
    this.#child = fork(PROXY, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#messages = onMessages(this.#child);
  }

  static async start(order: SoakedOrder): Promise<SoakedProxy> {
    const proxy = new SoakedProxy();
    proxy.#child.send(order);
    proxy.ports = (await proxy.#next<SoakedPorts>()).ports;
    return proxy;
  }

  async state(): Promise<SoakedState> {
    this.#child.send('state');
    return this.#next<SoakedState>();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }

  async #next<Message>(): Promise<Message> {
    const { value, done } = await this.#messages.next();
    if (done === true) throw new Error('a proxy of the soak ended');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both sides are here
    return value[0] as Message;
  }
}

async function* onMessages(child: ChildProcess): AsyncGenerator<unknown[]> {
  const waiting: unknown[][] = [];
  let changed = (): void => undefined;
  let isOver = false;
  child.on('message', (message: unknown) => {
    waiting.push([message]);
    changed();
  });
  child.on('exit', () => {
    isOver = true;
    changed();
  });
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield next;
    else if (isOver) return;
    else await new Promise<void>((resolve) => (changed = resolve));
  }
}

/**
 * Has clients ask a proxy on real sockets, in all of {@link WAYS}, over connections that are kept on both sides, origins that answer in all
 * regular and mended forms, leave stray answers behind and break off; clients break off, too, are slow, strangers, and malformed. Counts
 * what is not as it should be.
 */
export async function soak({ exchanges, transport, seed = 1, onTenth }: SoakOptions): Promise<SoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-soak-'));
  const origins = [new SoakOrigin(), new SoakOrigin()];
  const tunnelled = new SoakOrigin(true);
  const ports = await Promise.all(origins.map((origin) => origin.listen()));
  const behindTunnels = await tunnelled.listen();
  const running: SoakedProxy[] = [];
  try {
    const parent = await SoakedProxy.start({ config: parentConfiguration, transport });
    running.push(parent);
    const [parentPort = 0] = parent.ports;
    const pac = join(folder, 'proxy.pac');
    await writeFile(pac, `function FindProxyForURL() { return "PROXY 127.0.0.1:${parentPort}"; }`);
    const config = configuration({ origins: ports, dead: DEAD, parent: parentPort, pac });
    const proxy = await SoakedProxy.start({ config, transport });
    running.push(proxy);
    const tally: Tally = { ...NOTHING, crossTalk: [], problems: [] };
    const random = new Random(seed);
    const states: SoakedState[] = [];
    const begun = performance.now();
    let next = 0;
    let tenth = 1;
    const tell = async (): Promise<void> => {
      if (next < (exchanges * tenth) / 10) return;
      tenth += 1;
      const state = await proxy.state();
      states.push(state);
      onTenth?.(tally, state);
    };
    const originOf = (isOpaque = false): number => (isOpaque ? behindTunnels : random.of(ports));
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, index) => {
        const number = index % WAYS.length;
        const way = WAYS[number]!;
        const client = new SoakClient(way, proxy.ports[number]!, originOf(way.isOpaque), random, tally);
        while (next < exchanges) {
          await client.exchange(`c${index}n${next++}`);
          await tell();
        }
        client.close();
      }),
    );
    const seconds = (performance.now() - begun) / 1000;
    await wait(UNTIL_IDLE);
    let end = await proxy.state();
    for (let times = 0; end.descriptors > MOST_LEFT && times < 20; times += 1) {
      await wait(500);
      end = await proxy.state();
    }
    const all = [...origins, tunnelled];
    tally.problems.push(
      ...all.flatMap(({ problems }) => problems),
      ...end.uncaught,
      ...(await parent.state()).uncaught,
    );
    const serverConnections = all.reduce((sum, { connections }) => sum + connections, 0);
    return { ...tally, seconds, serverConnections, states, end };
  } finally {
    await Promise.all(running.map((proxy) => proxy.stop()));
    await Promise.all([...origins, tunnelled].map((origin) => origin.close()));
    await rm(folder, { recursive: true });
  }
}

const NOTHING = {
  exchanges: 0,
  regular: 0,
  mended: 0,
  refused: 0,
  aborted: 0,
  malformed: 0,
  strangers: 0,
  raced: 0,
  slow: 0,
};
