import { Cursor, malformed } from './cursor.ts';
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

/**
 * Parses a ClientHello of TLS 1.0 to 1.3 (RFC 8446 section 4.1.2) without the header of its message. Every length must
 * add up, because two parsers could otherwise read different names. Throws a {@link HelloFault}.
 */
export function parseClientHello(body: Buffer): ClientHello {
  const cursor = new Cursor(body);
  const [major] = cursor.take(2);
  cursor.take(32);
  const session = cursor.vector(1);
  const suites = cursor.vector(2);
  const compression = cursor.vector(1);
  const isWhole = session.length <= 32 && suites.length >= 2 && suites.length % 2 === 0 && compression.length >= 1;
  if (major !== 3 || !isWhole) throw malformed();
  const extensions = cursor.atEnd ? new Map<number, Buffer>() : extensionsOf(new Cursor(cursor.vector(2)));
  if (!cursor.atEnd) throw malformed();
  const [name, schemes, protocols] = [SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN].map((type) => extensions.get(type));
  const written = name && readServerName(name);
  const hasAddress = written !== undefined && isAddress(written);
  return {
    serverName: hasAddress ? undefined : written,
    hasAddress,
    signatureSchemes: schemes && readSchemes(schemes),
    alpn: protocols && readProtocols(protocols),
    hasEncrypted: extensions.has(ENCRYPTED_CLIENT_HELLO),
  };
}

/** No extension may occur twice (RFC 8446 section 4.2). */
function extensionsOf(cursor: Cursor): Map<number, Buffer> {
  const extensions = new Map<number, Buffer>();
  while (!cursor.atEnd) {
    const type = cursor.number(2);
    if (extensions.has(type)) throw malformed();
    extensions.set(type, cursor.vector(2));
  }
  return extensions;
}

function readSchemes(extension: Buffer): number[] {
  const outer = new Cursor(extension);
  const list = new Cursor(outer.vector(2));
  if (!outer.atEnd || list.atEnd) throw malformed();
  const schemes: number[] = [];
  while (!list.atEnd) schemes.push(list.number(2));
  return schemes;
}

/** RFC 7301 section 3.1. */
function readProtocols(extension: Buffer): string[] {
  const outer = new Cursor(extension);
  const list = new Cursor(outer.vector(2));
  if (!outer.atEnd || list.atEnd) throw malformed();
  const protocols: string[] = [];
  while (!list.atEnd) {
    const name = list.vector(1);
    if (name.length === 0) throw malformed();
    protocols.push(name.toString('latin1'));
  }
  return protocols;
}
