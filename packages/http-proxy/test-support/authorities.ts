import { type Authority, parseAuthority } from '../src/message/authority.ts';

export function parsedAuthority(bytes: Buffer): Authority | undefined {
  return parseAuthority(bytes, 0, bytes.length);
}
