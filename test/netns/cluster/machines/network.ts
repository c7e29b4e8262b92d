import { Namespace } from '../../namespace.ts';

/** The addresses of a cluster's machines. The first is that of the clients and of the server that they ask for. */
export const CLIENTS = '10.72.0.1';
export const STORE = '10.72.0.20';
export const MEMBERS = ['10.72.0.11', '10.72.0.12', '10.72.0.13'] as const;

/**
 * Five machines at one switch, all within this one:
 *
 * ```
 * edge1 10.72.0.11 ┐
 * edge2 10.72.0.12 ├ bridge (10.72.0.1, of the clients and of the server behind the members)
 * edge3 10.72.0.13 │
 * store 10.72.0.20 ┘
 * ```
 *
 * Each is a namespace without a way out. Whatever happens, also to this process, they vanish.
 */
export class ClusterNetwork {
  readonly clients: Namespace;
  readonly store: Namespace;
  readonly members: readonly Namespace[];

  private constructor([clients, store, ...members]: readonly [Namespace, Namespace, ...Namespace[]]) {
    this.clients = clients;
    this.store = store;
    this.members = members;
  }

  static async create(): Promise<ClusterNetwork> {
    const names = ['clients', 'store', ...MEMBERS.map((_, index) => `edge${index + 1}`)];
    const made = await Promise.allSettled(names.map((name) => Namespace.create(name)));
    const namespaces = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    try {
      for (const result of made) if (result.status === 'rejected') throw result.reason;
      const network = new ClusterNetwork(namespaces as unknown as [Namespace, Namespace, ...Namespace[]]);
      await network.#connect();
      return network;
    } catch (error) {
      await Promise.all(namespaces.map((namespace) => namespace.close()));
      throw error;
    }
  }

  /** Has the store's machine drop whatever comes from these members and goes to them, without a word. None: all is well. */
  async part(members: readonly string[]): Promise<void> {
    const set = members.length === 0 ? '' : `add element inet faults parted { ${members.join(', ')} }`;
    await this.store.nft(`flush set inet faults parted\n${set}`);
  }

  async close(): Promise<void> {
    await Promise.all([this.clients, this.store, ...this.members].map((namespace) => namespace.close()));
  }

  async #connect(): Promise<void> {
    const machines = [
      { namespace: this.store, link: 'store', address: STORE },
      ...this.members.map((namespace, index) => ({
        namespace,
        link: namespace.name,
        address: MEMBERS[index] ?? '',
      })),
    ];
    await this.clients.ip(
      [
        'link set lo up',
        'link add switch type bridge',
        `addr add ${CLIENTS}/24 dev switch`,
        'link set switch up',
        ...machines.flatMap(({ namespace, link }) => [
          `link add ${link} type veth peer name eth0 netns ${namespace.pid}`,
          `link set ${link} master switch`,
          `link set ${link} up`,
        ]),
      ].join('\n'),
    );
    await Promise.all(
      machines.map(({ namespace, address }) =>
        namespace.ip(`link set lo up\naddr add ${address}/24 dev eth0\nlink set eth0 up`),
      ),
    );
    await this.store.nft(`table inet faults {
      set parted { type ipv4_addr; }
      chain input { type filter hook input priority 0; ip saddr @parted drop; }
      chain output { type filter hook output priority 0; ip daddr @parted drop; }
    }`);
  }
}
