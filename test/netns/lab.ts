import type { ConfigInput } from 'inband';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type RunningProgram, programCommand, startProgram } from '../e2e/program.ts';
import type { Requirements } from '../support/requires.ts';
import { type Finished, Namespace } from './namespace.ts';

/** What a machine must have for tests in the lab; for `describeRequiring`. */
export const LAB_NEEDS: Requirements = {
  commands: ['ip', 'nft', 'nsenter', 'setpriv', 'tee', 'unshare'],
  root: true,
  linux: true,
  networkNamespaces: true,
};

/**
 * A few machines of private networks, all within this one:
 *
 * ```
 * client ── clients ┐                     ┌ server1 ── server1
 * 10.71.1.10, .11   ├ gateway (the proxy) ┤            10.71.2.10, fd71:2::10
 * fd71:1::10, ::11  ┘ 10.71.1.1, fd71:1::1 └ server2 ── server2
 *                                                      10.71.3.10, fd71:3::10
 * ```
 *
 * Each is a namespace whose default route leads to the gateway, which forwards. Both servers serve HTTP on port 80 and
 * say whom they saw (`Seen`). Nothing leads out: the namespaces have no interface but those between them. Whatever
 * happens, also to this process, they vanish. One lab for a file, made in `beforeAll`, closed in `afterAll`.
 */
export class NetnsLab {
  readonly client: Namespace;
  readonly gateway: Namespace;
  readonly server1: Namespace;
  readonly server2: Namespace;
  readonly #namespaces: readonly Namespace[];
  readonly #closers: (() => unknown)[] = [];

  private constructor(namespaces: readonly [Namespace, Namespace, Namespace, Namespace]) {
    [this.client, this.gateway, this.server1, this.server2] = namespaces;
    this.#namespaces = namespaces;
  }

  static async create(): Promise<NetnsLab> {
    const names = ['client', 'gateway', 'server1', 'server2'] as const;
    const made = await Promise.allSettled(names.map((name) => Namespace.create(name)));
    const namespaces = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    try {
      for (const result of made) if (result.status === 'rejected') throw result.reason;
      const [client, gateway, server1, server2] = namespaces as [Namespace, Namespace, Namespace, Namespace];
      const lab = new NetnsLab([client, gateway, server1, server2]);
      await lab.#connect();
      await Promise.all([server1.serve(80), server2.serve(80)]);
      return lab;
    } catch (error) {
      await Promise.all(namespaces.map((namespace) => namespace.close()));
      throw error;
    }
  }

  /** Has `close` called at the end of the lab; what was opened last is closed first. */
  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  /**
   * Starts the program in the gateway and waits until it listens; the lab kills it if it still runs at the end.
   * `within` is a command line that runs it, say, with less privilege.
   */
  inband(config: ConfigInput, within: readonly string[] = []): Promise<RunningProgram> {
    return startProgram(this, { transport: 'epoll', ...config }, this.gateway.inside(...within));
  }

  /** The same for one try of a test, at whose end it is killed, so that its ports are free for another try. */
  async inbandOfTest(config: ConfigInput, within: readonly string[] = []): Promise<RunningProgram> {
    const program = await this.inband(config, within);
    onTestFinished(async () => {
      program.kill('SIGKILL');
      await program.ended;
    });
    return program;
  }

  /**
   * Runs the program in the gateway to its end: `['check']`, or a start that must fail. A configuration that is text
   * is YAML.
   */
  async inbandOnce(
    config: ConfigInput | string,
    parameters: readonly string[],
    within: readonly string[] = [],
  ): Promise<Finished> {
    const folder = await mkdtemp(join(tmpdir(), 'inband-netns-'));
    try {
      const file = join(folder, typeof config === 'string' ? 'inband.yaml' : 'inband.json');
      await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config));
      return await this.gateway.execute([...within, ...programCommand, ...parameters, '--config', file]);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close();
    await Promise.all(this.#namespaces.map((namespace) => namespace.close()));
  }

  /** Wires the machines up, gives them addresses and routes. */
  async #connect(): Promise<void> {
    const { client, gateway, server1, server2 } = this;
    const networks = [
      { machine: client, link: 'clients', number: 1 },
      { machine: server1, link: 'server1', number: 2 },
      { machine: server2, link: 'server2', number: 3 },
    ];
    await gateway.ip(
      [
        'link set lo up',
        ...networks.flatMap(({ machine, link, number }) => [
          `link add ${link} type veth peer name eth0 netns ${machine.pid}`,
          `addr add 10.71.${number}.1/24 dev ${link}`,
          `addr add fd71:${number}::1/64 dev ${link}`,
          `link set ${link} up`,
        ]),
      ].join('\n'),
    );
    const machines = networks.map(({ machine, number }) => {
      const hosts = machine === client ? [10, 11] : [10];
      const addresses = hosts.flatMap((host) => [
        `addr add 10.71.${number}.${host}/24 dev eth0`,
        // Deprecated: it serves whoever names it, and is not chosen by itself.
        `addr add fd71:${number}::${host}/64 dev eth0${host === 10 ? '' : ' preferred_lft 0'}`,
      ]);
      const routes = [`route add default via 10.71.${number}.1`, `route add default via fd71:${number}::1`];
      return machine.ip(['link set lo up', ...addresses, 'link set eth0 up', ...routes].join('\n'));
    });
    const forwarding = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];
    await Promise.all([...machines, ...forwarding.map((name) => gateway.sysctl(name, '1'))]);
  }
}
