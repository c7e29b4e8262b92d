import { isIP } from 'node:net';
import { AdminError } from '../base/problem.ts';

/** What of a request says where it came from. */
export interface Origins {
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/**
 * Refuses requests that a page of another site makes a browser send. By DNS rebinding the name of such a site leads here, and then
 * `Host` has that name; so it must be an address, `localhost` or one of `hosts`. Every other request of such a page has an `Origin`
 * that is not this server. Throws an {@link AdminError}.
 */
export function checkOrigins({ host, origin }: Origins, hosts: readonly string[]): void {
  const name = hostNameOf(host);
  if (name === undefined || !isKnown(name, hosts)) {
    throw new AdminError({
      status: 403,
      title: 'The name of this server is not known',
      detail: `Host is ${JSON.stringify(host ?? '')}; it has to be an address, "localhost" or one of admin.hosts.`,
      setting: 'admin.hosts',
    });
  }
  if (origin === undefined || isAt(origin, host)) return;
  throw new AdminError({
    status: 403,
    title: 'A page of another site asks',
    detail: `Origin is ${JSON.stringify(origin)}, and only the page of this server may ask.`,
  });
}

/** In lower case, without brackets, port and final dot. */
function hostNameOf(host = ''): string | undefined {
  const [, inBrackets, plain] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (inBrackets ?? plain)?.toLowerCase().replace(/\.$/, '');
}

function isKnown(name: string, hosts: readonly string[]): boolean {
  return isIP(name) !== 0 || name === 'localhost' || hosts.some((known) => known.toLowerCase() === name);
}

/** The scheme may differ, because TLS may end before this server. */
function isAt(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: its } = new URL(origin);
  return (protocol === 'https:' || protocol === 'http:') && its === host?.toLowerCase();
}
