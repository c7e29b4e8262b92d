import { type Cursor, malformed } from './cursor.ts';
import { isAddress, readServerName } from './server-name.ts';

const SERVER_NAME = 0;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/** The parts of a ClientHello that somebody decides by. */
export interface ClientHello {
  /** The name in the `server_name` extension (SNI), as it was written. Undefined without that extension, and if an address stands there. */
  readonly serverName: string | undefined;
  /** Whether an address stands in the place of the name. */
  readonly hasAddress: boolean;
  /** Signature schemes that the client verifies, by their numbers. Undefined without that extension. */
  readonly signatureSchemes: readonly number[] | undefined;
  /** Protocols that the client offers. Undefined without that extension. */
  readonly alpn: readonly string[] | undefined;
  /** Whether another ClientHello is encrypted within it, or what looks so (GREASE). */
  readonly hasEncrypted: boolean;
}

/** Where those extensions are that are read. */
interface Extensions {
  name: Cursor | undefined;
  schemes: Cursor | undefined;
  protocols: Cursor | undefined;
  hasEncrypted: boolean;
}

/**
 * Parses a ClientHello of TLS 1.0 to 1.3 (RFC 8446 section 4.1.2) without the header of its message. Every length must
 * add up, because two parsers could otherwise read different names. Throws a {@link HelloFault}.
 */
export function parseClientHello(message: Cursor): ClientHello {
  const major = message.number(1);
  // The minor version and the random bytes.
  message.skip(1 + 32);
  const session = message.skipVector(1);
  const suites = message.skipVector(2);
  const compression = message.skipVector(1);
  const isWhole = session <= 32 && suites >= 2 && suites % 2 === 0 && compression >= 1;
  if (major !== 3 || !isWhole) throw malformed();
  const found: Extensions = { name: undefined, schemes: undefined, protocols: undefined, hasEncrypted: false };
  if (!message.atEnd) readExtensions(message.vector(2), found);
  if (!message.atEnd) throw malformed();
  const { name, schemes, protocols, hasEncrypted } = found;
  const written = name && readServerName(name);
  const hasAddress = written !== undefined && isAddress(written);
  return {
    serverName: hasAddress ? undefined : written,
    hasAddress,
    signatureSchemes: schemes && readSchemes(schemes),
    alpn: protocols && readProtocols(protocols),
    hasEncrypted,
  };
}

/** No extension may occur twice (RFC 8446 section 4.2). */
function readExtensions(list: Cursor, found: Extensions): void {
  const types = new Set<number>();
  while (!list.atEnd) {
    const type = list.number(2);
    if (types.has(type)) throw malformed();
    types.add(type);
    if (type === SERVER_NAME) found.name = list.vector(2);
    else if (type === SIGNATURE_ALGORITHMS) found.schemes = list.vector(2);
    else if (type === ALPN) found.protocols = list.vector(2);
    else {
      if (type === ENCRYPTED_CLIENT_HELLO) found.hasEncrypted = true;
      list.skipVector(2);
    }
  }
}

function readSchemes(extension: Cursor): number[] {
  const list = extension.vector(2);
  if (!extension.atEnd || list.atEnd) throw malformed();
  const schemes: number[] = [];
  while (!list.atEnd) schemes.push(list.number(2));
  return schemes;
}

/** RFC 7301 section 3.1. */
function readProtocols(extension: Cursor): string[] {
  const list = extension.vector(2);
  if (!extension.atEnd || list.atEnd) throw malformed();
  const protocols: string[] = [];
  while (!list.atEnd) {
    const name = list.text(1);
    if (name === '') throw malformed();
    protocols.push(name);
  }
  return protocols;
}
