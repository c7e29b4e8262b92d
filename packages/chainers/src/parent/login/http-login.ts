import { ProxyError, type RequestForm } from '@inband/core';
import { loginRefused } from '../handshake/refusals.ts';

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

/** That of each client: the HTTP proxy passes it on. What asks for a tunnel by itself has none. */
export const passedLogin: RequestForm = { ...noLogin, id: 'parent pass', passesLogin: true };

/** Schemes that messages name. What else a parent says would be its own text in the log, and in answers to clients. */
const NAMED: ReadonlySet<string> = new Set(['basic', 'bearer', 'digest', 'kerberos', 'negotiate', 'ntlm']);

/** The error for a login that was refused. `offered`: the schemes that the parent takes, in lower case. */
export function wrongLogin(offered: readonly string[]): ProxyError {
  const named = [...new Set(offered)].filter((scheme) => NAMED.has(scheme));
  const schemes = named.length === 0 ? '' : ` It takes ${named.join(', ')}.`;
  return loginRefused(`The parent proxy refused the login.${schemes}`, 407);
}
