export { TlsConfigurationError } from './base/configuration-error.ts';
export type { TlsFacts } from './base/facts.ts';
export { TlsHandshakeError, type HandshakeFailure } from './base/handshake-error.ts';
export type {
  ClientAuth,
  Handshake,
  HandshakeDone,
  ServerIdentity,
  TicketKeys,
  TlsClientContext,
  TlsClientOptions,
  TlsConnection,
  TlsContext,
  TlsImplementation,
  TlsServerContext,
  TlsServerOptions,
  TlsVersion,
} from './base/implementation.ts';
export { alternativeNames, type AlternativeNames } from './base/alternative-names.ts';
export { PeerCertificate } from './base/peer-certificate.ts';
export { nodeImplementation } from './node/node-implementation.ts';
