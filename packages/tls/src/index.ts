export { TlsConfigurationError } from './base/configuration-error.ts';
export type { HandshakeOutcome, TlsFacts } from './base/facts.ts';
export { TlsHandshakeError, type HandshakeFailure } from './base/handshake-error.ts';
export type {
  ClientAuth,
  Handshake,
  HandshakeDone,
  ServerIdentity,
  TicketKeySource,
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
export { type CertificateEntry, CertificateFiles, type FileProblem } from './certificates/files/certificate-files.ts';
export { CertificateError } from './certificates/certificate-error.ts';
export { type AskedCertificate, CertificateStore, type CertificateSource } from './certificates/certificate-store.ts';
export { NOTICE_DAYS } from './certificates/files/expiry-notices.ts';
export { FollowedCertificates } from './certificates/files/followed-certificates.ts';
export type { NamedFile } from './certificates/files/followed-pair.ts';
export { FollowedTrust } from './certificates/files/followed-trust.ts';
export { readCertificate, type WrittenCertificate } from './certificates/read-certificate.ts';
export { daysLeft, isValidAt, type KeyType, type ServerCertificate } from './certificates/server-certificate.ts';
export { coversHost, type ServerNames } from './certificates/server-names.ts';
export { type Trust, TrustFiles } from './certificates/files/trust-files.ts';
export { loadTls, type TlsLoadLog } from './implementation/load-tls.ts';
export type { TerminatorDeps, TerminatorOptions } from './listener/context.ts';
export type { OrderedCertificates } from './listener/ordered-certificates.ts';
export { HelloMatch, type MatchRule } from './listener/hello-match.ts';
export { createTlsTerminator } from './listener/arrival/terminator.ts';
export { opensslImplementation, type OpenSslImplementation } from './implementation/openssl-implementation.ts';
export type { ClientIdentity, Followed, LayerContextOptions, ServerTrust } from './server/layer-context.ts';
export { namesServer, referenceName } from './server/server-identity.ts';
export { ServerLayers } from './server/server-layers.ts';
