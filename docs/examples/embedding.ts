/**
 * The proxy inside a program, with a chainer of its own: every host always gets the same one of several servers. The program
 * counts requests by method, and hears what became of each.
 *
 *     node docs/examples/embedding.ts
 */
import {
  AbstractChainer,
  type ChainerDeps,
  createInband,
  definePlugin,
  DirectedChainer,
  type MaybePromise,
  ProxyError,
  type ServerConnection,
  serverAddress,
  type Session,
  summarise,
  z,
} from 'inband';
import { ask, portOfProxy, startServer } from './local.ts';

const shardOptions = z.strictObject({ servers: z.array(serverAddress).min(1) });
type ShardOptions = z.output<typeof shardOptions>;

// So that the configuration below knows the kind and its options, as they are written.
declare module 'inband' {
  interface ChainerKinds {
    shard: z.input<typeof shardOptions>;
  }
}

/** Chooses a server by the host that the client asks for. */
class ShardChainer extends AbstractChainer {
  readonly kind = 'shard';
  readonly #servers: readonly DirectedChainer[];

  constructor({ servers }: ShardOptions, deps: ChainerDeps) {
    super(deps.establishConnection);
    this.#servers = servers.map((remote) => new DirectedChainer({ remote }, deps));
  }

  override connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    const server = this.#servers[hashOf(host) % this.#servers.length];
    if (server === undefined) throw new ProxyError('destination_unavailable', 'There is no server.');
    return server.connectServer(session, host, port);
  }
}

function hashOf(host: string): number {
  let hash = 0;
  for (const character of host) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash;
}

const shard = definePlugin<ShardOptions>({
  provides: 'chainer',
  kind: 'shard',
  schema: shardOptions,
  // Every server stands in the options, so the defaults for servers that a client chose do not apply.
  serverChosenBy: 'operator',
  create: (options, deps) => new ShardChainer(options, deps),
});

const servers = [await startServer('first'), await startServer('second')];
const methods = new Map<string, number>();
const inband = await createInband(
  {
    plugins: [shard],
    listeners: [{ bind: '127.0.0.1:0', service: 'shards' }],
    services: {
      shards: {
        mode: 'reverse',
        routes: [{ chainer: { type: 'shard', servers: servers.map(({ address }) => address) } }],
      },
    },
  },
  {
    onSession: (record) => {
      const { what, verdict, why } = summarise(record);
      methods.set(what.method ?? '', (methods.get(what.method ?? '') ?? 0) + 1);
      if (verdict !== 'accepted') console.log(`${what.url}: ${why}`);
    },
  },
);
const port = portOfProxy(inband);

for (const host of ['a.example', 'b.example', 'a.example', 'b.example']) {
  console.log(host, await ask(port, '/', 'GET', host));
}
await ask(port, '/', 'DELETE', 'a.example');
console.log('requests:', Object.fromEntries(methods));

for (const server of servers) server.close();
await inband.close({ grace: 0 });
