import { AuthenticationError, ProxyError, type RequestForm, Session } from '@inband/core';
import { loginRefused } from '../handshake/refusals.ts';
import { parseChallenges } from './challenges.ts';

/** There are other credentials now than those that a parent has refused: to be tried on another connection. */
export class AnotherLogin extends ProxyError {}

/** The error for a challenge that a login has an answer to. */
export function anotherLogin(): AnotherLogin {
  const message = 'The parent proxy asks for another login.';
  return new AnotherLogin('proxy_configuration_error', message, { status: 502, receivedStatus: 407 });
}

/** The login of nobody. */
export const noLogin: RequestForm = {
  id: 'parent',
  signsUrl: false,
  credentials: () => undefined,
  challenged: () => loginRefused('The parent proxy asks for a login, and none is configured.', 407),
};

/**
 * The login of each client: the HTTP proxy passes it on with requests. A request that needs a tunnel (one with `Upgrade`) shows it in our CONNECT;
 * what asks for a tunnel otherwise, SOCKS for example, has none.
 */
export const passedLogin: RequestForm = {
  ...noLogin,
  id: 'parent pass',
  passesLogin: true,
  credentials: (session) => requestOf(session)?.field('proxy-authorization'),
  challenged: (session, challenges) =>
    requestOf(session) === undefined ? loginRefused(NOBODY, 407) : challengeForTunnel(challenges),
};

function requestOf(session: object): Session['request'] {
  return session instanceof Session ? session.request : undefined;
}

const NOBODY = 'The parent proxy asks for a login, and auth: pass has none for a tunnel that no HTTP client asks for.';
const UPGRADE =
  'The parent proxy asks for a login that a request with Upgrade cannot give with auth: pass: the client has to ask for a tunnel by CONNECT.';

/** Schemes whose credentials depend on no method, URL or connection: those that a client has for its request fit our CONNECT. */
const FOR_TUNNEL: ReadonlySet<string> = new Set(['basic', 'bearer']);

/** What a client is told whose request needs a tunnel. */
function challengeForTunnel(values: readonly string[]): ProxyError {
  const fitting = parseChallenges(values).filter(({ scheme }) => FOR_TUNNEL.has(scheme));
  if (fitting.length === 0) return loginRefused(UPGRADE, 407);
  const challenges = fitting.map(({ scheme, parameters }) => {
    const written = [...parameters].map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`);
    return `${scheme} ${written.join(', ')}`.trimEnd();
  });
  return new AuthenticationError(407, 'The parent proxy asks the client for a login.', 'chainer.auth', challenges);
}

/** Schemes that messages name. What else a parent says would be its own text in the log, and in answers to clients. */
const NAMED: ReadonlySet<string> = new Set(['basic', 'bearer', 'digest', 'kerberos', 'negotiate', 'ntlm']);

/** The error for a login that was refused. `offered`: the schemes that the parent takes, in lower case. */
export function wrongLogin(offered: readonly string[]): ProxyError {
  const named = [...new Set(offered)].filter((scheme) => NAMED.has(scheme));
  const schemes = named.length === 0 ? '' : ` It takes ${named.join(', ')}.`;
  return loginRefused(`The parent proxy refused the login.${schemes}`, 407);
}
