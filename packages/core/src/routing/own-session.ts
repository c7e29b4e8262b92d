import type { UnixAddr } from '../base/address.ts';
import { type Connection, ignoreEvents } from '../base/connection.ts';
import { AccessPolicy } from '../policy/access-policy.ts';
import { AddressZones } from '../zones/zones.ts';
import type { ServiceRules } from '../session/service-rules.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { Session } from '../session/session.ts';

const nowhere: UnixAddr = { family: 'unix', path: '' };

/** Nothing comes from it, and it takes everything. */
const nobody: Connection = {
  local: nowhere,
  remote: nowhere,
  handler: ignoreEvents,
  queued: 0,
  write: () => true,
  pause() {},
  resume() {},
  end() {},
  destroy() {},
};

const proxyItself: ClientConnection = {
  // The pool of idle connections takes a negative one for no client, so that none of them is kept for this one.
  id: -1,
  connection: nobody,
  address: nowhere,
  local: nowhere,
  listener: nowhere,
  isProxyItself: true,
};

/**
 * A session that no client has asked for: the proxy connects for itself, for example to see whether a server is well. Its service has no
 * rules and no address translation. So a server that the operator chose is allowed, one that a client chose would not be.
 *
 * It is no session of a client: no listener of sessions, log or count gets it, and its start and end are not published. `purpose` stands in
 * place of the name of a service. Whoever makes it aborts it (`sessionWriter.abort`) when it has waited long enough.
 */
export function ownSession(purpose: string): Session {
  return new Session(proxyItself, rulesFor(purpose));
}

const known = new Map<string, ServiceRules>();

function rulesFor(purpose: string): ServiceRules {
  let rules = known.get(purpose);
  if (rules === undefined) {
    const policy = AccessPolicy.compile([], { mode: 'reverse', zones: new AddressZones(), path: purpose });
    known.set(purpose, (rules = { name: purpose, mode: 'reverse', policy }));
  }
  return rules;
}
