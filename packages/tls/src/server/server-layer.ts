import {
  type Connection,
  type ConnectionLayer,
  dialChannel,
  type LayeredConnection,
  type LayerVerification,
  type ProxyError,
  type Session,
} from '@inband/core';
import type { TlsFacts } from '../base/facts.ts';
import { TlsHandshakeError } from '../base/handshake-error.ts';
import type { TlsConnection } from '../base/implementation.ts';
import type { PeerCertificate } from '../base/peer-certificate.ts';
import type { LayerContext } from './layer-context.ts';
import { namesServer, sentName } from './server-identity.ts';
import { certificateRefusal, handshakeRefusal, type RefusedServer } from './server-refusal.ts';

const OUTDATED = 'whether its certificate is revoked is not known, because a list in tls.crl is out of date';

/** Names of a certificate in a message. */
const MOST_NAMES = 3;

/** TLS to servers that are known by one name. */
export class ServerLayer implements ConnectionLayer {
  readonly #of: LayerContext;
  /** As of `referenceName`. Empty if there is none. */
  readonly #name: string;
  readonly #sentName: string | undefined;
  #contextId = '';
  #id = '';

  constructor(of: LayerContext, name: string) {
    this.#of = of;
    this.#name = name;
    this.#sentName = sentName(name);
  }

  /** Asked for every request, so it is made only when files have changed. */
  get id(): string {
    const { id } = this.#of;
    if (id !== this.#contextId) {
      this.#contextId = id;
      this.#id = `tls ${this.#name} ${id}`;
    }
    return this.#id;
  }

  get verifies(): LayerVerification {
    const { verify, ca, crl, pin, cert, minVersion } = this.#of.settings;
    return {
      certifiedFor: verify ? this.#name : undefined,
      sentName: this.#sentName,
      ca,
      crl,
      pins: pin,
      clientCertificate: cert,
      minVersion,
    };
  }

  async wrap(plain: Connection, session: Session): Promise<LayeredConnection> {
    const server = { address: plain.remote, name: this.#name };
    const start = performance.now();
    if (dialChannel.hasSubscribers) publishSecuring(session, server);
    try {
      const connection = await this.#handshake(plain);
      const refusal = this.#refusal(connection.tls, server);
      if (refusal !== undefined) {
        connection.destroy(refusal);
        throw refusal;
      }
      this.#of.onHandshake?.(connection.tls.resumed ? 'resumed' : 'full');
      if (dialChannel.hasSubscribers) publishSecured(session, server, performance.now() - start, connection.tls);
      return this.#withFacts(connection);
    } catch (error) {
      this.#of.onHandshake?.('failed');
      plain.destroy();
      throw error instanceof TlsHandshakeError ? handshakeRefusal(error, server) : error;
    }
  }

  /** Its wait is bounded by whoever owns `plain`, who destroys it. */
  #handshake(plain: Connection): Promise<TlsConnection> {
    const { implementation, context } = this.#of;
    return new Promise((resolve, reject) => {
      implementation.connect(plain, context, this.#sentName, (error, connection) => {
        if (connection === undefined) reject(error ?? new TlsHandshakeError('closed', 'The handshake did not end.'));
        else resolve(connection);
      });
    });
  }

  /** Why the server is not the one that it should be. Its chain is good already, where that is verified. */
  #refusal({ peer, resumed }: TlsFacts, server: RefusedServer): ProxyError | undefined {
    const { verify, pin } = this.#of.settings;
    if (!verify && pin.length === 0) return undefined;
    if (peer === undefined) return certificateRefusal(server, 'it has shown no certificate');
    if (pin.length > 0 && !pin.includes(`sha256/${peer.keyPin}`)) {
      return certificateRefusal(server, `its public key is sha256/${peer.keyPin}, which is none of tls.pin`, 'pin');
    }
    if (!verify) return undefined;
    // The chain is not verified again when a session is resumed.
    const now = resumed ? Date.now() : 0;
    if (peer.notAfter < now) return certificateRefusal(server, 'its certificate has expired');
    if (this.#of.nextUpdate < now) return certificateRefusal(server, OUTDATED, 'crl');
    return this.#name !== '' && isFor(peer, this.#name) ? undefined : wrongName(server, peer);
  }

  #withFacts(connection: TlsConnection): LayeredConnection {
    const { version, cipher, resumed } = connection.tls;
    const { verify, pin } = this.#of.settings;
    const verified = verify ? 'chain' : pin.length > 0 ? 'pin' : 'no';
    const serverTls = Object.freeze({ version, cipher, serverName: this.#name, verified, resumed } as const);
    return Object.assign(connection, { serverTls });
  }
}

function publishSecuring({ id }: Session, { address, name }: RefusedServer): void {
  dialChannel.publish({ event: 'securing', session: id, server: address, name });
}

function publishSecured({ id }: Session, { address }: RefusedServer, milliseconds: number, tls: TlsFacts): void {
  const { version, resumed } = tls;
  dialChannel.publish({ event: 'secured', session: id, server: address, milliseconds, version, resumed });
}

function isFor(peer: PeerCertificate, name: string): boolean {
  try {
    return namesServer(peer.names, name);
  } catch {
    // Names that cannot be read name nobody.
    return false;
  }
}

function wrongName(server: RefusedServer, peer: PeerCertificate): ProxyError {
  const found = namesOf(peer);
  const issued = found === '' ? 'no host name or address' : found;
  const wanted = server.name === '' ? 'a name, but none is known' : server.name;
  return certificateRefusal(
    server,
    `its certificate was issued for ${issued}, and it should be for ${wanted}. Another name belongs in tls.servername`,
    'servername',
  );
}

function namesOf(peer: PeerCertificate): string {
  try {
    const { subjectAltName = '' } = peer.x509;
    const all = subjectAltName.split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
    const more = all.length > MOST_NAMES ? ` and ${all.length - MOST_NAMES} more` : '';
    return `${all.slice(0, MOST_NAMES).join(', ')}${more}`;
  } catch {
    return '';
  }
}
