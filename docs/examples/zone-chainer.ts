import { AbstractChainer, type ChainerDeps, definePlugin, DirectedChainer, serverAddress, z, zoneName } from 'inband';
import type { AddressZones, MaybePromise, ServerConnection, Session } from 'inband';

/** What may stand beside `type: zone` in a configuration. */
const zoneOptions = z.strictObject({
  servers: z.record(zoneName, serverAddress).describe('The server for the clients of each zone.'),
  default: serverAddress.describe('The server for everybody else.'),
});
type ZoneOptions = z.output<typeof zoneOptions>;

// For configurations in TypeScript: the options as they are written.
declare module 'inband' {
  interface ChainerKinds {
    zone: z.input<typeof zoneOptions>;
  }
}

/** Picks a server by the zone that the client is in. */
class ZoneChainer extends AbstractChainer {
  readonly kind = 'zone';
  readonly #zones: AddressZones;
  readonly #byZone = new Map<string, DirectedChainer>();
  readonly #otherwise: DirectedChainer;

  constructor(options: ZoneOptions, deps: ChainerDeps) {
    super(deps.establishConnection);
    this.#zones = deps.zones;
    this.#otherwise = new DirectedChainer({ remote: options.default }, deps);
    for (const [zone, remote] of Object.entries(options.servers)) {
      this.#byZone.set(zone, new DirectedChainer({ remote }, deps));
    }
  }

  override connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
    // The most specific zone comes first, then its ancestors, then the built-in one.
    const zone = this.#zones.zonesOf(session.client.address).find((name) => this.#byZone.has(name));
    const chainer = zone === undefined ? this.#otherwise : this.#byZone.get(zone);
    return (chainer ?? this.#otherwise).connectServer(session, host, port);
  }
}

export default definePlugin<ZoneOptions>({
  provides: 'chainer',
  kind: 'zone',
  schema: zoneOptions,
  // Every server stands in the options, so the defaults for servers that a client chose do not apply.
  serverChosenBy: 'operator',
  create: (options, deps) => new ZoneChainer(options, deps),
});
