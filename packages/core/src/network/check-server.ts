import { type HostPort, sameSockAddr, type SockAddr } from '../base/address.ts';
import { cancelled } from '../base/cancellation.ts';
import { sessionChannel } from '../diagnostics/channels.ts';
import type { Translation } from '../nat/address-translation.ts';
import { type AccessDecision, accessDenied } from '../policy/access-policy.ts';
import { type Session, sessionWriter } from '../session/session.ts';

type Chooser = 'client' | 'operator';

/**
 * Step 1 on the way to a server: sets the server's address on the session, and evaluates policy. The address that is
 * evaluated here, `remote` or what address translation makes of it, is the one that is connected to afterwards. Throws an
 * {@link AccessDeniedError}, or a {@link ProxyError} when the session is aborted.
 */
export function checkServer(
  session: Session,
  remote: SockAddr,
  serverChosenBy: Chooser,
  translation: Translation | undefined,
): AccessDecision {
  const server = translation?.address ?? remote;
  sessionWriter.setServer(session, server, translation && remote, serverChosenBy);
  const decision = evaluateServer(session, remote, serverChosenBy, translation);
  sessionWriter.setDecision(session, decision);
  if (sessionChannel.hasSubscribers) publishDecision(session, decision, server, serverChosenBy);
  if (decision.verdict !== 'allow') throw accessDenied(decision, server);
  if (session.aborted) throw cancelled(server);
  return decision;
}

/** Evaluates policy for a server behind a parent proxy that resolves its name: see {@link AccessPolicy.decideByName}. */
export function decideByName(session: Session, { host, port }: HostPort, serverChosenBy: Chooser): AccessDecision {
  const decision = session.service.policy.decideByName({
    client: session.client.address,
    server: undefined,
    serverChosenBy,
    target: { host: session.target?.host ?? host, port },
    method: session.method,
    user: session.user,
    groups: session.groups,
    certificate: session.tls?.certificate,
    met: session.met,
    at: session.client.at,
  });
  if (sessionChannel.hasSubscribers) publishDecision(session, decision, undefined, serverChosenBy);
  return decision;
}

/**
 * Step 1 for an idle connection to `server`; `remote` is that address before translation. Returns false without an
 * evaluation when address translation leads to another server by now.
 */
export function checkAgain(session: Session, remote: SockAddr, server: SockAddr, serverChosenBy: Chooser): boolean {
  const translation = session.service.nat?.destination(session.client.address, remote, session);
  if (!sameSockAddr(translation?.address ?? remote, server)) return false;
  checkServer(session, remote, serverChosenBy, translation);
  return true;
}

/**
 * Evaluates the service's policy for connecting to `remote`, or to the address that a rule of its address translation makes
 * of it. Where that rule names the address, the operator chose the server, whoever named `remote`. Behind a NAT64
 * translator is an IPv4 server, so both must be allowed: that server, and the translator, which is the operator's choice
 * where a rule led there.
 */
export function evaluateServer(
  session: Session,
  remote: SockAddr,
  serverChosenBy: Chooser,
  translation?: Translation,
): AccessDecision {
  const { nat } = session.service;
  if (nat === undefined) return decide(session, remote, serverChosenBy);
  const server = translation?.address ?? remote;
  const chooser = translation?.isOperatorsChoice === true ? 'operator' : serverChosenBy;
  const inner = nat.behindTranslator(server);
  if (inner === undefined) return decide(session, server, chooser);
  const first = decide(session, inner, chooser);
  if (first.verdict !== 'allow') return first;
  const second = decide(session, server, translation === undefined ? serverChosenBy : 'operator');
  return second.verdict === 'allow' ? first : second;
}

function decide(session: Session, server: SockAddr, serverChosenBy: Chooser): AccessDecision {
  return session.service.policy.decide({
    client: session.client.address,
    server,
    serverChosenBy,
    target: session.target,
    method: session.method,
    user: session.user,
    groups: session.groups,
    certificate: session.tls?.certificate,
    met: session.met,
    at: session.client.at,
  });
}

function publishDecision(
  session: Session,
  { verdict, rule }: AccessDecision,
  server: SockAddr | undefined,
  serverChosenBy: Chooser,
): void {
  const { id, resolvedAddress: resolved } = session;
  sessionChannel.publish({ event: 'decided', session: id, server, resolved, serverChosenBy, verdict, rule });
}
