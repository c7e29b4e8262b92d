import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What can be seen of the machine that concerns intercepted connections. Undefined is what nobody here may see. */
export interface SystemFacts {
  /** The capabilities of this process, as bits. */
  readonly capabilities: bigint | undefined;
  /** By the version of IP: what `ip -j rule` and `ip -j route show table all type local` say. */
  readonly rules: Readonly<Record<4 | 6, unknown>>;
  readonly localRoutes: Readonly<Record<4 | 6, unknown>>;
  /** What `nft -j list ruleset` says. Undefined too where the older iptables have rules, which it does not show. */
  readonly ruleset: unknown;
  /** Whether packets from other machines may be sent on to 127.0.0.0/8. */
  readonly routesLocalnet: boolean | undefined;
}

/** Milliseconds that a program may take to answer. */
const PATIENCE = 3_000;
/** A gateway may have sets of many thousand addresses. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** Looks at the machine, without changing anything. Takes a few seconds at most. */
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

/** The JSON that a program prints; undefined when it is not there, not permitted, or too slow. */
function ask(program: string, parameters: readonly string[]): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  // It stands where an ordinary user's path does not lead.
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
    // Older versions of `ip` print nothing at all where there is nothing.
    return text.trim() === '' ? [] : undefined;
  }
}
