import { inetAddr } from '../base/address.ts';
import type { DnsServerAddress } from './dns-sockets.ts';

/** What resolv.conf(5) says, as far as we do it. Complete: every default is in it. */
export interface ResolvConf {
  /** In order; the first three that the file names, or this machine when it names none. */
  readonly servers: readonly DnsServerAddress[];
  /** Domains that names are completed with. */
  readonly search: readonly string[];
  /** A name with that many dots is first asked for as it is. */
  readonly ndots: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly attempts: number;
  readonly rotate: boolean;
  readonly useTcp: boolean;
  readonly sequential: boolean;
  readonly noAaaa: boolean;
  /** Names without a dot are never asked for as they are. */
  readonly noTldQuery: boolean;
  /** Whatever stands there and would change the meaning, but is not done by us. */
  readonly unimplemented: readonly string[];
}

const MAX_SERVERS = 3;
/** More than anybody has; each costs a look-up. */
const MAX_SEARCH = 32;

/** Options that change nothing here: about encryption-free checks, EDNS, or what we do anyway (a socket per question). */
const WITHOUT_MEANING = new Set(['debug', 'edns0', 'trust-ad', 'single-request-reopen', 'no-check-names']);

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Reads the text of resolv.conf; `hostname` is where the domain comes from when it names none. */
export function parseResolvConf(text: string, hostname: string): ResolvConf {
  const conf = { ...defaults(hostname), servers: [] as DnsServerAddress[], unimplemented: [] as string[] };
  for (const line of text.split('\n')) {
    // A keyword stands at the beginning of its line; C libraries pass over one that is indented, and comments so as well.
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
  // Of all keywords only this one may have a comment right behind its value (resolv_conf.c of glibc).
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
  else if (!WITHOUT_MEANING.has(name)) conf.unimplemented.push(option);
}

/**
 * The names to ask for, in this order, until one exists: `host` with the domains of the search list and as it is. One with
 * a final dot is asked for as it is only.
 */
export function searchNames(host: string, conf: Pick<ResolvConf, 'search' | 'ndots' | 'noTldQuery'>): string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)];
  const dots = host.split('.').length - 1;
  const completed = conf.search.map((domain) => `${host}.${domain}`);
  const asItIs = dots === 0 && conf.noTldQuery ? [] : [host];
  const names = dots >= conf.ndots ? [...asItIs, ...completed] : [...completed, ...asItIs];
  return names.filter((name) => name.length <= 253);
}
