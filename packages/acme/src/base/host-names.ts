import { createHash } from 'node:crypto';

const LABEL = '(?!-)[a-z0-9-]{1,63}(?<!-)';
const HOST_NAME = new RegExp(`^(?=.{4,253}$)(?:${LABEL}\\.)+(?!\\d+$)${LABEL}$`, 'u');

/** Whether a CA can certify `name`: at least two labels of letters, digits and hyphens, in lower case. No address, no wildcard. */
export function isHostName(name: string): boolean {
  return HOST_NAME.test(name);
}

/** Whether `name` is a host name, or `*.` and one. */
export function isHostNameOrWildcard(name: string): boolean {
  return isHostName(name.startsWith('*.') ? name.slice(2) : name);
}

/** Whether `host` is `pattern`, or one label below it where the pattern begins with `*.`. */
export function matchesName(pattern: string, host: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === host;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot + 1) === pattern.slice(2);
}

/** What the names of one certificate have in common with no other: a name for files, and for the log. The order of names does not matter. */
export function certificateName(hosts: readonly string[]): string {
  const [first = ''] = hosts;
  const readable = first.replace('*', '_');
  if (hosts.length === 1) return readable;
  const hash = createHash('sha256').update(hosts.toSorted().join(' ')).digest('hex').slice(0, 8);
  return `${readable}+${String(hosts.length - 1)}-${hash}`;
}
