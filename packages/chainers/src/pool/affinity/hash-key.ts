import { formatSockAddr, type RequestView, type Session } from '@inband/core';
import { hashText } from '../balance/hash32.ts';
import { cookieIn } from './cookie-values.ts';

/** What sessions that are to have the same server have in common. */
export type HashedPart = 'client' | 'host' | 'path' | `header.${string}` | `cookie.${string}` | `query.${string}`;

/** A token (RFC 9110 section 5.6.2), as names of fields and cookies are. */
const TOKEN = String.raw`[!#$%&'*+\-.^_\`|~\dA-Za-z]+`;
/** What {@link HashedPart} looks like. A name in a query stands as the client writes it, percent-encoded where it must be. */
export const HASHED_PART = new RegExp(`^(?:client|host|path|(?:header|cookie)\\.${TOKEN}|query\\.[^\\s&=#+]+)$`);

export function isHashedPart(part: unknown): part is HashedPart {
  return typeof part === 'string' && HASHED_PART.test(part);
}

/** Gives a hash of 32 bits of a session. */
export type HashOf = (session: Session) => number;

/** Whether it is known only with the request. */
export function isOfRequest(part: HashedPart): boolean {
  return part !== 'client' && part !== 'host';
}

/** A session that has nothing of the kind counts by its client, so that the others are not all at one server. */
export function hashBy(part: HashedPart): HashOf {
  const textOf = textBy(part);
  return (session) => {
    const text = textOf(session);
    return hashText(text === undefined || text === '' ? clientOf(session) : text);
  };
}

function textBy(part: HashedPart): (session: Session) => string | undefined {
  if (part === 'client') return clientOf;
  if (part === 'host') return ({ target }) => target?.host.toLowerCase();
  if (part === 'path') return ({ request }) => request?.path;
  const dot = part.indexOf('.');
  const name = part.slice(dot + 1);
  switch (part.slice(0, dot)) {
    case 'header': {
      const lower = name.toLowerCase();
      return ({ request }) => request?.field(lower);
    }
    case 'cookie':
      return ({ request }) => request && cookieIn(request.fields('cookie'), name);
    default:
      return ({ request }) => request && parameterIn(request, name);
  }
}

/** The address without the port, so that a client stays with its server. */
function clientOf({ client: { address } }: Session): string {
  return address.family === 'unix' ? formatSockAddr(address) : address.address;
}

/** The value of the first parameter with this name, as it is written. */
function parameterIn({ query }: RequestView, name: string): string | undefined {
  const begin = `${name}=`;
  if (query === undefined || !query.includes(begin)) return undefined;
  return query
    .split('&')
    .find((pair) => pair.startsWith(begin))
    ?.slice(begin.length);
}
