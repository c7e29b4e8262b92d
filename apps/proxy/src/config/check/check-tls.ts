import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { named, records } from '../problem/written.ts';

/** Checks TLS of listeners, across keys. The configuration is as it was written. */
export function checkTls({ listeners, services }: Record<string, unknown>): Problem[] {
  const guards: Guards = new Map(
    named(services)
      .filter(([, { proxy }]) => proxy === 'tls')
      .map(([name, { tls }]) => [name, new NamePatterns(listOf(isRecord(tls) ? tls.allow : undefined))]),
  );
  return records(listeners).flatMap(([index, { tls }]) => {
    if (!isRecord(tls)) return [];
    const path = ['listeners', index, 'tls'];
    return [...checkListenerTls(path, tls), ...checkMatch([...path, 'match'], tls.match, guards)];
  });
}

/** What services with `proxy: tls` relay, by their name. */
type Guards = ReadonlyMap<string, NamePatterns>;

function checkMatch(path: ConfigPath, match: unknown, guards: Guards): Problem[] {
  return records(match).flatMap(([index, { pass, names }]): Problem[] => {
    if (typeof pass !== 'string') return [];
    const at = [...path, index, 'pass'];
    const guard = guards.get(pass);
    if (guard !== undefined) return refusedByGuard(at, pass, guard, listOf(names));
    const message = `"${pass}" is no service with "proxy: tls", and no other one can serve what is encrypted.`;
    return [{ path: at, message }];
  });
}

/** A guard relays the names on its list only, whatever is passed to it. */
function refusedByGuard(path: ConfigPath, pass: string, allowed: NamePatterns, names: readonly string[]): Problem[] {
  const refused = names.filter((name) => !allowed.haveCommonNames(name));
  if (refused.length === 0 && !allowed.isEmpty) return [];
  const what = refused.length === 0 ? 'every name' : refused.map((name) => `"${name}"`).join(', ');
  const message = `the service "${pass}" refuses ${what}: it relays only what is on its list, "services.${pass}.tls.allow".`;
  return [{ path, message, warning: true }];
}

function listOf(written: unknown): string[] {
  const items: unknown[] = Array.isArray(written) ? written : [written];
  return items.filter((item) => typeof item === 'string').map((item) => item.toLowerCase());
}

/** Names that are allowed, each exact or `*.suffix`, found without a look at all of them. */
class NamePatterns {
  readonly #patterns: ReadonlySet<string>;
  /** What the names and suffixes end with: of `a.b.example` also `.b.example` and `.example`. */
  readonly #ends: ReadonlySet<string>;

  constructor(patterns: readonly string[]) {
    this.#patterns = new Set(patterns);
    this.#ends = new Set(patterns.flatMap(endsOf));
  }

  get isEmpty(): boolean {
    return this.#patterns.size === 0;
  }

  /** Whether a name meets both one of these and another, exact or `*.suffix`. */
  haveCommonNames(name: string): boolean {
    if (this.#patterns.has(name) || endsOf(name).some((end) => this.#patterns.has(`*${end}`))) return true;
    return name.startsWith('*.') && this.#ends.has(name.slice(1));
  }
}

function endsOf(name: string): string[] {
  const ends: string[] = [];
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) ends.push(name.slice(dot));
  return ends;
}

function checkListenerTls(path: ConfigPath, tls: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  if (asksForCertificates(tls) && tls.ca === undefined) {
    const message = 'no certificate of a client can be verified: name the authorities that sign them by "ca".';
    problems.push({ path: [...path, 'clientAuth'], message });
  }
  for (const key of ['ca', 'crl']) {
    if (!(key in tls) || asksForCertificates(tls)) continue;
    const message = 'this has no effect: clients are asked for a certificate only with "clientAuth".';
    problems.push({ path: [...path, key], at: 'key', warning: true, message });
  }
  return problems;
}

function asksForCertificates({ clientAuth }: Record<string, unknown>): boolean {
  return clientAuth === 'request' || clientAuth === 'require';
}

/** Whether clients of any listener can say by a certificate who they are. */
export function knowsClients({ listeners }: Record<string, unknown>): boolean {
  return records(listeners).some(([, { tls }]) => isRecord(tls) && asksForCertificates(tls));
}
