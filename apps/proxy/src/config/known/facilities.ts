/** The facilities of syslog that have a common name (RFC 5424 section 6.2.1). */
export const FACILITIES = [
  ...(['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'] as const),
  ...(['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const),
] as const;

export type Facility = (typeof FACILITIES)[number];

/** The number of a facility. There are some without a name between the others and the local ones. */
export function numberOf(facility: Facility): number {
  const [, local] = /^local(\d)$/.exec(facility) ?? [];
  return local === undefined ? FACILITIES.indexOf(facility) : 16 + Number(local);
}
