import type { ServerCertificate } from '@inband/tls';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';

/** Names in a message. */
const MOST_NAMES = 3;

/**
 * Warns of certificates that are for a name that ends here and for one that is passed on without being decrypted. A browser that has a
 * connection for the first sends requests for the second on it as well if both have one address (RFC 9110 section 15.5.20 is for
 * what comes of it): they go the wrong way. `match`: of a listener, as it was written.
 */
export function coalescingProblems(
  match: unknown,
  certificates: readonly ServerCertificate[],
  path: ConfigPath,
): Problem[] {
  const rules = (Array.isArray(match) ? match : []).filter(isRecord).map(ruleOf);
  if (!rules.some(({ isPassing }) => isPassing)) return [];
  return certificates.flatMap(({ file, names }) => {
    const shared = names.filter((name) => mayBePassed(name, rules));
    // Of a certificate all of whose names are passed on no client gets it.
    if (shared.length === 0 || names.every((name) => isPassed(name, rules))) return [];
    const listed = shared.slice(0, MOST_NAMES).join(', ') + (shared.length > MOST_NAMES ? ', …' : '');
    const message = `${file} is also for what is passed on (${listed}): a browser that is connected for another of its names may ask for that on the same connection; use a certificate without it.`;
    return [{ path: [...path, 'match'], message, warning: true }];
  });
}

interface Rule {
  /** Undefined: it is for every name. */
  readonly patterns: readonly string[] | undefined;
  readonly isPassing: boolean;
}

function ruleOf({ names, pass }: Record<string, unknown>): Rule {
  const all: unknown[] = Array.isArray(names) ? names : [names];
  const patterns = all.filter((name) => typeof name === 'string').map((name) => name.toLowerCase());
  return { patterns: names === undefined ? undefined : patterns, isPassing: pass !== undefined };
}

/** The first rule that matches decides. A wildcard of a certificate stands for names of which each may meet another rule. */
function mayBePassed(name: string, rules: readonly Rule[]): boolean {
  for (const rule of rules) {
    if (rule.isPassing && meetsRule(name, rule, meets)) return true;
    if (meetsRule(name, rule, isWithin)) return false;
  }
  return false;
}

function isPassed(name: string, rules: readonly Rule[]): boolean {
  for (const rule of rules) {
    if (!rule.isPassing && meetsRule(name, rule, meets)) return false;
    if (meetsRule(name, rule, isWithin)) return true;
  }
  return false;
}

function meetsRule(name: string, { patterns }: Rule, isMet: (pattern: string, name: string) => boolean): boolean {
  return patterns === undefined || patterns.some((pattern) => isMet(pattern, name));
}

/** Whether there is a name that a pattern (exact or `*.suffix`, at any depth) and a name of a certificate (its wildcard is one label) have in common. */
function meets(pattern: string, name: string): boolean {
  const suffix = pattern.startsWith('*.') ? pattern.slice(1) : undefined;
  if (suffix !== undefined) return name.endsWith(suffix);
  return name === pattern || (name.startsWith('*.') && pattern.slice(pattern.indexOf('.')) === name.slice(1));
}

/** Whether everything that a name of a certificate stands for meets a pattern. */
function isWithin(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
}
