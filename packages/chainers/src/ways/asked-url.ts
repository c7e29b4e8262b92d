import { foldHost, type Session } from '@inband/core';

/** What a client asked for, as far as ways are chosen by it. */
export interface AskedUrl {
  /** `https` for tunnels: nearly all of them are for it. */
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

export function askedUrl({ method }: Pick<Session, 'method'>, host: string, port: number): AskedUrl {
  const isRequest = method !== undefined && method !== 'CONNECT';
  return { scheme: isRequest ? 'http' : 'https', host: foldHost(host), port };
}

const USUAL = { http: 80, https: 443 } as const;

/**
 * Its text, with the port where that is not the usual one. It has no path and no query: browsers keep those of https from
 * PAC files, and an answer is kept for all of them.
 */
export function formatAskedUrl({ scheme, host, port }: AskedUrl): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === USUAL[scheme] ? `${scheme}://${name}/` : `${scheme}://${name}:${port}/`;
}
