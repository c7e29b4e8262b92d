import { type ConnectionLayer, formatHostPort, type HostPort, type RequestForm, type Session } from '@inband/core';
import { hash } from 'node:crypto';
import { handshakeLayer } from './handshake/handshake-layer.ts';
import { HttpConnect } from './handshake/http-connect.ts';
import { Socks4aHandshake } from './handshake/socks4a.ts';
import { Socks5Handshake, type SocksLogin } from './handshake/socks5.ts';
import { anotherLogin, noLogin } from './login/http-login.ts';

/** What parents are asked by. */
export interface ParentProtocol {
  readonly name: 'CONNECT' | 'SOCKS4A' | 'SOCKS5';
  /** How requests are written to the parent with that name; undefined where it takes connections only. Called once for each parent. */
  requestForm(parent: string): RequestForm | undefined;
  /** The layer that has a parent connect to `target`. `form`: what `requestForm` made for it. */
  tunnelLayer(session: Session, target: HostPort, form: RequestForm | undefined): ConnectionLayer;
}

/** `makeLogin`: the login at the parent with a name. */
export function httpProtocol(makeLogin: (parent: string) => RequestForm): ParentProtocol {
  return {
    name: 'CONNECT',
    requestForm: makeLogin,
    tunnelLayer(session, target, form = noLogin) {
      const authority = formatHostPort(target);
      // It is the client's, whose tunnel nobody else may get.
      const passed = form.passesLogin === true ? form.credentials(session, 'CONNECT', authority) : undefined;
      const whose = passed === undefined ? '' : ` ${idOf(passed)}`;
      return handshakeLayer(`CONNECT ${authority} ${form.id}${whose}`, async () => {
        await form.prepare?.(session);
        return new HttpConnect({
          target,
          credentials: passed ?? form.credentials(session, 'CONNECT', authority),
          challenged: (challenges) => form.challenged(session, challenges) ?? anotherLogin(),
        });
      });
    },
  };
}

export function socks5Protocol(login: SocksLogin | undefined): ParentProtocol {
  const id = `SOCKS5 ${login === undefined ? '' : idOf(JSON.stringify([login.user, login.password]))}`;
  return {
    name: 'SOCKS5',
    requestForm: () => undefined,
    tunnelLayer: (_session, target) =>
      handshakeLayer(`${id} ${formatHostPort(target)}`, () => new Socks5Handshake(target, login)),
  };
}

export function socks4aProtocol(user: string): ParentProtocol {
  const id = `SOCKS4A ${idOf(user)}`;
  return {
    name: 'SOCKS4A',
    requestForm: () => undefined,
    tunnelLayer: (_session, target) =>
      handshakeLayer(`${id} ${formatHostPort(target)}`, () => new Socks4aHandshake(target, user)),
  };
}

/** Tells logins apart without showing them, because ids of layers are in messages of diagnostics. */
function idOf(login: string): string {
  return hash('sha256', login).slice(0, 24);
}
