import { createPrivateKey } from 'node:crypto';
import { TlsConfigurationError } from '../base/configuration-error.ts';
import type { TlsVersion } from '../base/implementation.ts';
import { TLS_1_2, TLS_1_3 } from './calls.ts';
import type { ContextPointer, OpenSsl, StorePointer } from './calls.ts';
import { derOf } from './pem.ts';

/** What both sides have in common. */
export interface CommonSettings {
  readonly identity?: EngineIdentity;
  /** Default: 1.2. */
  readonly minVersion?: TlsVersion;
  /** Default: 1.3. */
  readonly maxVersion?: TlsVersion;
  /** OpenSSL's names, separated by colons. Those that begin with `TLS_` are for TLS 1.3. Default: OpenSSL's. */
  readonly ciphers?: string;
  /** OpenSSL's names, separated by colons. Default: OpenSSL's. */
  readonly groups?: string;
  /** PEM: authorities that are trusted. */
  readonly ca?: readonly string[];
  /** PEM: lists of revoked certificates. With any, every authority of a chain needs one. */
  readonly crl?: readonly string[];
}

/** A certificate with what it needs to be shown. */
export interface EngineIdentity {
  /** PEM: the certificate and those of intermediate authorities, in the order in which they are sent. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly key: string;
}

/** Throws a {@link TlsConfigurationError} with OpenSSL's reason unless it has succeeded. */
export function demand(calls: OpenSsl, hasSucceeded: boolean, what: string): void {
  // Also after a success there may be entries, of attempts within.
  const errors = calls.takeErrors();
  if (hasSucceeded) return;
  const reason = errors.at(-1)?.text ?? 'OpenSSL does not say why';
  throw new TlsConfigurationError(`${what}: ${reason}.`);
}

export function applyCommon(calls: OpenSsl, context: ContextPointer, settings: CommonSettings): void {
  calls.clearErrors();
  const least = settings.minVersion === '1.3' ? TLS_1_3 : TLS_1_2;
  const most = settings.maxVersion === '1.2' ? TLS_1_2 : TLS_1_3;
  if (least > most) throw new TlsConfigurationError('The lowest version is above the highest one.');
  demand(calls, calls.setVersions(context, least, most), 'The versions cannot be set');
  const { ciphers, groups, identity } = settings;
  if (ciphers !== undefined) applyCiphers(calls, context, ciphers);
  if (groups !== undefined) demand(calls, calls.setGroups(context, groups), `The groups "${groups}" are not usable`);
  if (identity !== undefined) applyIdentity(calls, context, identity);
}

function applyCiphers(calls: OpenSsl, context: ContextPointer, ciphers: string): void {
  const names = ciphers.split(':').filter((name) => name !== '');
  const suites = names.filter((name) => name.startsWith('TLS_')).join(':');
  const older = names.filter((name) => !name.startsWith('TLS_')).join(':');
  if (suites !== '') {
    demand(calls, calls.setCipherSuites(context, suites), `The ciphers "${suites}" are not usable`);
  }
  if (older !== '') demand(calls, calls.setCiphers(context, older), `The ciphers "${older}" are not usable`);
}

function applyIdentity(calls: OpenSsl, context: ContextPointer, identity: EngineIdentity): void {
  const [leaf, ...chain] = derOf(identity.certificate, 'CERTIFICATE');
  if (leaf === undefined) throw new TlsConfigurationError('The certificate is not there: no CERTIFICATE in PEM.');
  demand(calls, calls.useCertificate(context, leaf), 'The certificate is not usable');
  for (const [index, certificate] of chain.entries()) {
    const what = `The certificate ${index + 2} of the chain is not usable`;
    demand(calls, calls.addToChain(context, certificate), what);
  }
  demand(calls, calls.usePrivateKey(context, keyOf(identity.key)), 'The key is not usable with the certificate');
}

/** PKCS #8 in DER. Node reads every form of PEM, and without asking for a passphrase at the terminal, as OpenSSL would. */
function keyOf(pem: string): Buffer {
  try {
    return createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TlsConfigurationError(`The key cannot be read: ${reason}.`, { cause: error });
  }
}

/** A store of these authorities and revocation lists. The caller frees it. */
export function storeOf(calls: OpenSsl, ca: readonly string[], crl: readonly string[] = []): StorePointer {
  calls.clearErrors();
  const store = calls.newStore();
  try {
    for (const [index, certificate] of derOf(ca, 'CERTIFICATE').entries()) {
      const what = `The certificate ${index + 1} of the authorities is not usable`;
      demand(calls, calls.addAuthority(store, certificate), what);
    }
    for (const [index, list] of derOf(crl, 'X509 CRL').entries()) {
      demand(calls, calls.addRevocations(store, list), `The revocation list ${index + 1} is not usable`);
    }
    return store;
  } catch (error) {
    calls.freeStore(store);
    throw error;
  }
}

/** Protocol names as on the wire (RFC 7301 section 3.1). */
export function protocolList(names: readonly string[]): Buffer {
  const parts = names.map((name) => {
    const bytes = Buffer.from(name, 'latin1');
    if (bytes.length === 0 || bytes.length > 255)
      throw new TlsConfigurationError(`"${name}" is no name of a protocol.`);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  return Buffer.concat(parts);
}
