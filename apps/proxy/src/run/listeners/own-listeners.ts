import { OwnListeners, type Transport } from '@inband/core';

/** The listeners of every proxy that runs in this process on the system's own sockets. */
const ofThisProcess = new OwnListeners();
/** The listeners on each transport of an embedding program, which may be a network of its own. */
const ofTransports = new WeakMap<Transport, OwnListeners>();

/** The listeners to which a connection would lead back here. `brought`: the transport of the embedding program, if it has one. */
export function ownListenersOf(brought: Transport | undefined): OwnListeners {
  if (brought === undefined) return ofThisProcess;
  let own = ofTransports.get(brought);
  if (own === undefined) ofTransports.set(brought, (own = new OwnListeners()));
  return own;
}
