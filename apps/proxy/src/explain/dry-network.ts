import {
  type EstablishConnection,
  type EstablishOptions,
  evaluateServer,
  formatHostPort,
  formatSockAddr,
  isListedAddress,
  type Passage,
  ProxyError,
  type Session,
  type SockAddr,
  sourceOf,
  type Transport,
} from '@inband/core';
import type { ExplainedPassage, ExplainedServer } from './explanation.ts';

/** The answer to every dial: so far it got, and no further. */
class DryRun extends ProxyError {}

/** A network that nothing is sent to. */
export const dryTransport: Transport = {
  name: 'dry run',
  transparentProblem: () => undefined,
  isOwnAddress: isListedAddress,
  connect(remote, _options, settle) {
    const error = new DryRun('destination_unavailable', 'Nothing is dialled in a dry run.', { address: remote });
    const immediate = setImmediate(() => settle(error));
    return () => clearImmediate(immediate);
  },
  listen: () => Promise.reject(new DryRun('proxy_internal_error', 'Nothing listens in a dry run.')),
};

/** Notes what policy says about every address, then goes the usual way to the error that a client would see. */
export function recording(
  serverChosenBy: 'client' | 'operator',
  establish: EstablishConnection,
  servers: ExplainedServer[],
  zonesOf: (address: SockAddr) => readonly string[],
): EstablishConnection {
  return async (session, local, remote, how) => {
    const { nat } = session.service;
    const translation = nat?.destination(session.client.address, remote, session);
    const decision = evaluateServer(session, remote, serverChosenBy, translation);
    const { verdict } = decision;
    // What was asked about the target is the more telling one.
    const { rule, list, reason } = verdict === 'allow' ? (how?.passage?.decision ?? decision) : decision;
    const server = translation?.address ?? remote;
    const from = outgoingAddress(session, local, server, how);
    const path = {
      address: formatSockAddr(server),
      ...(translation && { translatedFrom: formatSockAddr(remote), translatedBy: translation.rule }),
      ...(from && { from: formatSockAddr(from) }),
      ...(how?.passage && { parentOf: explainedPassage(how.passage) }),
      ...(how?.tls?.verifies && { tls: how.tls.verifies }),
      zones: zonesOf(server),
    };
    try {
      return await establish(session, local, remote, how);
    } catch (error) {
      const isRefused = !(error instanceof DryRun) && error instanceof ProxyError && verdict === 'allow';
      if (isRefused) servers.push({ ...path, verdict: 'deny', rule: error.code, reason: error.message });
      else {
        const by = { rule, ...(list !== undefined && { list }) };
        servers.push({ ...path, verdict: verdict === 'allow' ? 'allow' : 'deny', ...by, reason });
      }
      throw error;
    }
  };
}

function explainedPassage({ target, by, isResolvedThere }: Passage): ExplainedPassage {
  return { target: formatHostPort(target), by, resolvedBy: isResolvedThere ? 'parent' : 'proxy' };
}

/** The address that a connection would come from; undefined for the system's choice, and where there can be none. */
function outgoingAddress(
  session: Session,
  local: SockAddr | undefined,
  server: SockAddr,
  how: EstablishOptions = {},
): SockAddr | undefined {
  try {
    return sourceOf(dryTransport, session, local, server, how);
  } catch {
    // Whoever establishes hears of it.
    return undefined;
  }
}
