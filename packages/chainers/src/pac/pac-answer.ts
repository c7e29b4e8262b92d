import { ProxyError } from '@inband/core';
import { AddressSyntaxError, parseServerAddress, type ServerAddress } from '../options/server-address.ts';

/** One way that a PAC file names: straight to the server, or by a parent. */
export type PacEntry = DirectEntry | ParentEntry;

export interface DirectEntry {
  readonly type: 'direct';
}

export interface ParentEntry {
  readonly type: 'parent';
  readonly protocol: 'http' | 'https' | 'socks4a' | 'socks5';
  readonly server: ServerAddress;
  /** In its normal form: `PROXY a.example:3128`. Entries with the same text are the same. */
  readonly text: string;
}

/** Entries of an answer. More would be tried by nobody. */
const MOST_ENTRIES = 20;

interface Kind {
  readonly protocol: ParentEntry['protocol'];
  readonly port: number;
}

/** By the words of PAC files. A server of SOCKS4 gets names as SOCKS4A has them: this proxy has no addresses for them. */
const KINDS: Readonly<Record<string, Kind>> = {
  PROXY: { protocol: 'http', port: 80 },
  HTTP: { protocol: 'http', port: 80 },
  HTTPS: { protocol: 'https', port: 443 },
  SOCKS: { protocol: 'socks4a', port: 1080 },
  SOCKS4: { protocol: 'socks4a', port: 1080 },
  SOCKS5: { protocol: 'socks5', port: 1080 },
};

/**
 * The ways in an answer such as `PROXY a:3128; SOCKS5 b:1080; DIRECT`, each once and in its order. An empty answer stands for DIRECT.
 * What cannot be understood is left out, and told to `unknown`. Throws a `ProxyError` if nothing is left: to connect directly then, as browsers do, would go
 * past a parent that somebody has meant.
 */
export function parsePacAnswer(answer: string, unknown: (entry: string) => void): readonly PacEntry[] {
  const written = answer
    .split(';', MOST_ENTRIES)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  if (written.length === 0) return [DIRECT];
  const entries = new Map<string, PacEntry>();
  for (const text of written) {
    const entry = parseEntry(text);
    if (entry === undefined) unknown(text);
    else entries.set(entry.type === 'direct' ? 'DIRECT' : entry.text, entry);
  }
  if (entries.size > 0) return [...entries.values()];
  const message = `The PAC file answered with nothing that can be used: ${JSON.stringify(answer.slice(0, 200))}.`;
  throw new ProxyError('proxy_configuration_error', message, { setting: 'chainer' });
}

const DIRECT: DirectEntry = { type: 'direct' };

function parseEntry(text: string): PacEntry | undefined {
  const [, word = '', place = ''] = /^(\S+)(?:\s+(\S+))?$/.exec(text) ?? [];
  const name = word.toUpperCase();
  if (name === 'DIRECT') return DIRECT;
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined || place === '' || place.startsWith('unix:')) return undefined;
  const hasPort = /:\d+$/.test(place.replace(/^\[.*\]/, ''));
  const address = hasPort ? place : `${place}:${kind.port}`;
  try {
    const server = parseServerAddress(address);
    return {
      type: 'parent',
      protocol: kind.protocol,
      server,
      text: `${WORDS[kind.protocol]} ${address.toLowerCase()}`,
    };
  } catch (error) {
    if (error instanceof AddressSyntaxError) return undefined;
    throw error;
  }
}

const WORDS: Readonly<Record<ParentEntry['protocol'], string>> = {
  http: 'PROXY',
  https: 'HTTPS',
  socks4a: 'SOCKS4',
  socks5: 'SOCKS5',
};
