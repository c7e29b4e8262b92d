import {
  type Authenticator,
  type AuthOutcome,
  type AuthRequest,
  createMemoryNetwork,
  inetAddr,
  type Logger,
  type RevokedTokens,
} from '@inband/core';
import { readFile, stat } from 'node:fs/promises';
import type { ReadBounded } from '../src/followed/version.ts';

/** A client connection from an address, in memory. */
export function clientAt(from: string) {
  const [client, server] = [inetAddr(from, 40_000), inetAddr('192.0.2.1', 3128)];
  if (client === undefined || server === undefined) throw new Error(`${from} is no address.`);
  const { server: connection } = createMemoryNetwork().connectPair({ client, server });
  return { id: 1, connection, address: client, local: server, listener: server };
}

/** Asks an authenticator; what it throws is a rejection. */
export async function ask(
  authenticator: Authenticator,
  credentials?: string,
  { from = '192.0.2.9', request }: { readonly from?: string; readonly request?: AuthRequest } = {},
): Promise<AuthOutcome> {
  return authenticator.authenticate({ client: clientAt(from), credentials, request });
}

export const read: ReadBounded = async (path) => {
  const { size, mtimeNs, ctimeNs, dev, ino } = await stat(path, { bigint: true });
  return { text: await readFile(path, 'utf8'), stamp: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}` };
};

/** A logger that keeps its lines. */
export function keepingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const tell = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, logger: { debug: tell, info: tell, warn: tell, error: tell } };
}

export const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** Tokens that a test revokes. */
export class RevokedNames implements RevokedTokens {
  readonly #names = new Set<string>();
  version = 0;

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  revoke(name: string): void {
    this.#names.add(name);
    this.version += 1;
  }

  restore(name: string): void {
    this.#names.delete(name);
    this.version += 1;
  }
}
