import type { StandardFunctions } from './standard-functions.ts';

/** The standard functions about names. */
export const nameFunctions: StandardFunctions = { helpers: [], make: makeNameFunctions };

function makeNameFunctions() {
  return {
    isPlainHostName: (host: unknown) => !/[.:]/.test(String(host)),
    dnsDomainIs: (host: unknown, domain: unknown) => String(host).endsWith(String(domain)),
    localHostOrDomainIs: (host: unknown, name: unknown) =>
      String(host) === String(name) || String(name).startsWith(`${String(host)}.`),
    dnsDomainLevels: (host: unknown) => String(host).split('.').length - 1,
    // As browsers do it: what else is special in a regular expression is so here, and files rely on it, such as (a|b).
    shExpMatch: (text: unknown, pattern: unknown) => {
      const source = String(pattern)
        .replaceAll('.', String.raw`\.`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      return new RegExp(`^${source}$`).test(String(text));
    },
    getClientVersion: () => '1.0',
  };
}
