import type { TLSSocket } from 'node:tls';
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

/** The certificate that the peer showed in this handshake, read when it is first asked for: Node 24 tells it once only. */
export function certificateOnce(socket: TLSSocket): () => PeerCertificate | undefined {
  let isRead = false;
  let peer: PeerCertificate | undefined;
  return () => {
    if (isRead) return peer;
    isRead = true;
    const certificate = socket.getPeerX509Certificate();
    peer = certificate && new PeerCertificate(certificate.raw);
    return peer;
  };
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
