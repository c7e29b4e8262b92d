import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TlsFacts } from '../base/facts.ts';
import { PeerCertificate } from '../base/peer-certificate.ts';

export function factsOf(socket: TLSSocket, peer: PeerCertificate | undefined): TlsFacts {
  const { standardName } = socket.getCipher();
  const { alpnProtocol } = socket;
  return {
    version: socket.getProtocol() === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2',
    cipher: standardName,
    group: groupOf(socket),
    serverName: serverNameOf(socket),
    alpn: typeof alpnProtocol === 'string' ? alpnProtocol : undefined,
    resumed: socket.isSessionReused(),
    peer,
  };
}

/** What the peer showed in a handshake. */
export interface Shown {
  readonly peer: PeerCertificate | undefined;
  /** When the first certificate of its chain expires, that of the authority included: milliseconds as of `Date.now`. */
  readonly until: number;
  /** The same of the authorities alone. */
  readonly issuersUntil: number;
}

/** What the peer showed in this handshake, read when it is first asked for: Node 24 tells it once only. */
export function shownOnce(socket: TLSSocket): () => Shown {
  let shown: Shown | undefined;
  return () => (shown ??= shownBy(socket.getPeerCertificate(true)));
}

/** Node tells an empty object where there is none. */
function shownBy(leaf: Partial<DetailedPeerCertificate>): Shown {
  const { raw } = leaf;
  let issuersUntil = Infinity;
  let certificate = issuerOf(leaf);
  while (certificate !== undefined) {
    issuersUntil = Math.min(issuersUntil, Date.parse(certificate.valid_to));
    certificate = issuerOf(certificate);
  }
  const until = leaf.valid_to === undefined ? Infinity : Math.min(issuersUntil, Date.parse(leaf.valid_to));
  return { peer: raw && new PeerCertificate(raw), until, issuersUntil };
}

/** A root is its own issuer. */
function issuerOf(certificate: Partial<DetailedPeerCertificate>): DetailedPeerCertificate | undefined {
  const { issuerCertificate: issuer } = certificate;
  return issuer === certificate ? undefined : issuer;
}

/** A client's socket has it too, but the types do not say so. */
function serverNameOf(socket: TLSSocket): string | undefined {
  const name: unknown = Reflect.get(socket, 'servername');
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Node tells it to clients only. */
function groupOf(socket: TLSSocket): string | undefined {
  const info = socket.getEphemeralKeyInfo();
  return info !== null && 'name' in info ? info.name : undefined;
}
