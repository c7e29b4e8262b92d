import { AcceptedClient, type ClientConnection } from '@inband/core';
import type { TlsConnection } from '../base/implementation.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import { ClientFacts, type Origin } from './client-facts.ts';
import type { TerminatorContext } from './context.ts';
import type { MatchRule } from './hello-match.ts';
import { lapsedCertificate } from './lapsed-certificate.ts';

/** How a client came to its handshake. */
export interface Negotiated {
  readonly serverName: string | undefined;
  /** That the client got. */
  readonly certificate: ServerCertificate;
  /** Of `tls.match`, where one is about its name. */
  readonly rule: MatchRule | undefined;
}

/** The client of a connection on which TLS is negotiated. Or why it is refused, although it is. */
export function securedClient(
  { match, contexts }: TerminatorContext,
  { address, peer, local, listener, originalDestination }: ClientConnection,
  connection: TlsConnection,
  { serverName, certificate, rule }: Negotiated,
): AcceptedClient | string {
  const goesHere = match && ((host: string): boolean => leadsAlike(match.ruleFor(host), rule));
  const tls = factsOf(connection, { serverName, names: certificate, goesHere });
  if (typeof tls === 'string') return tls;
  const lapsed = tls.resumed && tls.certificate && lapsedCertificate(tls.certificate, contexts.trust);
  return lapsed || new AcceptedClient({ connection, address, peer, local, listener, originalDestination, tls });
}

function factsOf({ tls: facts }: TlsConnection, origin: Origin): ClientFacts | string {
  try {
    return new ClientFacts(facts, origin);
  } catch (error) {
    // OpenSSL reads more than DER, for example lengths that are not definite.
    const reason = error instanceof Error ? error.message : String(error);
    return `The names of its certificate cannot be read: ${reason}`;
  }
}

/** Whether clients go to the same proxy by both rules. */
function leadsAlike(one: MatchRule | undefined, other: MatchRule | undefined): boolean {
  return (one === undefined || one.action === 'terminate') && one?.proxy === other?.proxy;
}
