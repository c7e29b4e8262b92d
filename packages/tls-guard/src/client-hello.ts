import { Cursor, malformed } from './cursor.ts';
import { readServerName } from './server-name.ts';

const SERVER_NAME = 0;

/** The part of a ClientHello that the guard checks. */
export interface ClientHello {
  /** The name in the `server_name` extension (SNI), as it was written. Undefined without that extension. */
  readonly serverName: string | undefined;
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
  if (cursor.atEnd) return { serverName: undefined };
  const extensions = new Cursor(cursor.vector(2));
  if (!cursor.atEnd) throw malformed();
  return { serverName: serverNameOf(extensions) };
}

function serverNameOf(extensions: Cursor): string | undefined {
  const seen = new Set<number>();
  let serverName: string | undefined;
  while (!extensions.atEnd) {
    const type = extensions.number(2);
    const bytes = extensions.vector(2);
    // No extension may occur twice (RFC 8446 section 4.2).
    if (seen.has(type)) throw malformed();
    seen.add(type);
    if (type === SERVER_NAME) serverName = readServerName(bytes);
  }
  return serverName;
}
