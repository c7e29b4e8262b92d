import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Facts about the machine that concern intercepted connections. Undefined: this user may not see it. */
export interface SystemFacts {
  /** The capabilities of this process, as bits. */
  readonly capabilities: bigint | undefined;
  /** By the version of IP: the output of `ip -j rule` and of `ip -j route show table all type local`. */
  readonly rules: Readonly<Record<4 | 6, unknown>>;
  readonly localRoutes: Readonly<Record<4 | 6, unknown>>;
  /** From `nft -j list ruleset`. Also undefined if legacy iptables have rules, because it does not show them. */
  readonly ruleset: unknown;
  /** Whether packets from other machines may be routed to 127.0.0.0/8 (`route_localnet`). */
  readonly routesLocalnet: boolean | undefined;
}

/** Milliseconds for a program to finish. */
const PATIENCE = 3_000;
/** Most bytes of output: a gateway may have sets of many thousand addresses. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** Collects the facts without changing anything. Takes a few seconds at most. */
export async function systemFacts(): Promise<SystemFacts> {
  const [rules4, rules6, routes4, routes6, ruleset] = await Promise.all([
    ask('ip', ['-4', '-j', 'rule']),
    ask('ip', ['-6', '-j', 'rule']),
    ask('ip', ['-4', '-j', 'route', 'show', 'table', 'all', 'type', 'local']),
    ask('ip', ['-6', '-j', 'route', 'show', 'table', 'all', 'type', 'local']),
    ask('nft', ['-j', 'list', 'ruleset']),
  ]);
  const older = ['ip_tables_names', 'ip6_tables_names'].some((name) => (read(`/proc/self/net/${name}`) ?? '') !== '');
  return {
    capabilities: capabilities(read('/proc/self/status')),
    rules: { 4: rules4, 6: rules6 },
    localRoutes: { 4: routes4, 6: routes6 },
    ruleset: older ? undefined : ruleset,
    routesLocalnet: flag(read('/proc/sys/net/ipv4/conf/all/route_localnet')),
  };
}

function capabilities(status: string | undefined): bigint | undefined {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '')?.[1];
  return digits === undefined ? undefined : BigInt(`0x${digits}`);
}

function flag(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text.trim() !== '0';
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

/** The JSON that a program prints; undefined if the program is missing, not permitted, or too slow. */
function ask(program: string, parameters: readonly string[]): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  // These directories are often not in the PATH of an ordinary user.
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  execFile(program, parameters, { env, timeout: PATIENCE, maxBuffer: LONGEST_ANSWER }, (error, stdout) => {
    if (error !== null) resolve(undefined);
    else resolve(parse(stdout));
  });
  return promise;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Older versions of `ip` print nothing instead of an empty list.
    return text.trim() === '' ? [] : undefined;
  }
}
