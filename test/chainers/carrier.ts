import { AccessPolicy, AddressZones, Relay, Session, Timers, type ProtocolProxy, type Service } from '@inband/core';

const policy = AccessPolicy.compile([], {
  mode: 'reverse',
  zones: new AddressZones(),
  path: 'services.carrier.access',
});
const service: Service = { name: 'carrier', mode: 'reverse', policy, routesByPath: false, route: () => undefined };

/** A protocol proxy for stacking that understands nothing: bytes go both ways as they come. */
export function carrier(): ProtocolProxy {
  const timers = new Timers();
  return {
    open: 0,
    async accept(client) {
      const server = await client.serverStream!.pickUp(new Session(client, service));
      const relay = new Relay(client.connection, server.connection, {
        idle: timers.list(60_000),
        done: () => server.destroy(),
      });
      relay.start({ clientEnded: false });
    },
    drain: () => Promise.resolve(),
    close: () => timers.close(),
  };
}
