import { inetAddr } from '../base/address.ts';
import type { DnsServerAddress } from './dns-sockets.ts';

/** What resolv.conf(5) says, as far as we do it. Complete: every default is in it. */
export interface ResolvConf {
  /** In order; the first three that the file names, or this machine when it names none. */
  readonly servers: readonly DnsServerAddress[];
  /** The domains of the search list. */
  readonly search: readonly string[];
  /** The number of dots from which on a name is tried before the search list. */
  readonly ndots: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly attempts: number;
  readonly rotate: boolean;
  readonly useTcp: boolean;
  readonly sequential: boolean;
  readonly noAaaa: boolean;
  /** Names without a dot are tried with the search list only. */
  readonly noTldQuery: boolean;
  /** Options that change the meaning and are not implemented here. */
  readonly unimplemented: readonly string[];
}

const MAX_SERVERS = 3;
/** The longest search list. Each of its domains costs a look-up. */
const MAX_SEARCH = 32;

/** Options without an effect here: debugging, EDNS, DNSSEC flags, name checks, and a socket per query, which we always use. */
const IGNORED = new Set(['debug', 'edns0', 'trust-ad', 'single-request-reopen', 'no-check-names']);

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Parses the text of resolv.conf. The default search domain is that of `hostname`. */
export function parseResolvConf(text: string, hostname: string): ResolvConf {
  const conf = { ...defaults(hostname), servers: [] as DnsServerAddress[], unimplemented: [] as string[] };
  for (const line of text.split('\n')) {
    // A keyword stands at the beginning of its line. C libraries ignore indented keywords, and comments in the same way.
    const [keyword = '', ...values] = line.trimEnd().split(/\s+/);
    if (keyword === 'nameserver') addServer(conf.servers, values[0]);
    else if (keyword === 'domain') conf.search = domains(values.slice(0, 1));
    else if (keyword === 'search') conf.search = domains(values);
    else if (keyword === 'options') for (const option of values) applyOption(conf, option);
    else if (keyword === 'sortlist') conf.unimplemented.push('sortlist');
  }
  if (conf.servers.length === 0) conf.servers.push({ address: '127.0.0.1', port: 53 });
  return conf;
}

function defaults(hostname: string): ResolvConf {
  const dot = hostname.indexOf('.');
  return {
    servers: [],
    search: dot < 0 ? [] : domains([hostname.slice(dot + 1)]),
    ndots: 1,
    timeout: 5_000,
    attempts: 2,
    rotate: false,
    useTcp: false,
    sequential: false,
    noAaaa: false,
    noTldQuery: false,
    unimplemented: [],
  };
}

function addServer(servers: DnsServerAddress[], text: string | undefined): void {
  // Only this keyword may have a comment directly after its value (resolv_conf.c of glibc).
  const [, plain = '', zone] = /^([^%;#]*)(%[\w.-]+)?(?:[;#].*)?$/.exec(text ?? '') ?? [];
  const addr = inetAddr(plain, 53);
  if (addr === undefined || servers.length >= MAX_SERVERS) return;
  servers.push({ address: `${addr.address}${zone ?? ''}`, port: 53 });
}

function domains(values: readonly string[]): string[] {
  const names = values.map((value) => value.replace(/^\.+|\.+$/g, '').toLowerCase());
  return names.filter((name) => name !== '').slice(0, MAX_SEARCH);
}

function applyOption(conf: Writable<ResolvConf> & { unimplemented: string[] }, option: string): void {
  const [name = '', number] = option.split(':');
  const value = Number.parseInt(number ?? '', 10);
  if (name === 'ndots' && value >= 0) conf.ndots = Math.min(value, 15);
  else if (name === 'timeout' && value >= 0) conf.timeout = Math.min(Math.max(value, 1), 30) * 1000;
  else if (name === 'attempts' && value >= 0) conf.attempts = Math.min(Math.max(value, 1), 5);
  else if (name === 'rotate') conf.rotate = true;
  else if (name === 'use-vc') conf.useTcp = true;
  else if (name === 'single-request') conf.sequential = true;
  else if (name === 'no-aaaa') conf.noAaaa = true;
  else if (name === 'no-tld-query') conf.noTldQuery = true;
  else if (!IGNORED.has(name)) conf.unimplemented.push(option);
}

/**
 * The names to look up, in this order, until one exists: `host` with each domain of the search list, and `host` itself. A
 * name with a final dot is looked up as it is.
 */
export function searchNames(host: string, conf: Pick<ResolvConf, 'search' | 'ndots' | 'noTldQuery'>): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)];
  const dots = host.split('.').length - 1;
  const completed = conf.search.map((domain) => `${host}.${domain}`);
  const asItIs = dots === 0 && conf.noTldQuery ? [] : [host];
  const names = dots >= conf.ndots ? [...asItIs, ...completed] : [...completed, ...asItIs];
  return names.filter((name) => name.length <= 253);
}
