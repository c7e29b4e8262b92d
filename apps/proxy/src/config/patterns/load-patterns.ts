import type { CompilePattern } from '@inband/core';
import { highestGroup } from '@inband/http-proxy';
import { named, records } from '../problem/written.ts';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import { patternEngine, PatternProblem } from './pattern-engine.ts';

/**
 * Loads the engine for patterns and checks every pattern; nothing is loaded if the configuration has none. `services` is not validated yet;
 * values of the wrong type are skipped, because the schema reports them.
 */
export async function loadPatterns(
  services: unknown,
): Promise<{ readonly compile: CompilePattern | undefined; readonly problems: readonly Problem[] }> {
  const written = [...patternsIn(services)];
  if (written.length === 0) return { compile: undefined, problems: [] };
  const { RE2JS } = await import('re2js');
  const compile = patternEngine(RE2JS);
  return { compile, problems: written.flatMap((one) => problemsOf(one, compile)) };
}

interface WrittenPattern {
  readonly path: ConfigPath;
  readonly pattern: string;
  readonly with: unknown;
}

/** Each `replace` of a rule, with its place. */
function* patternsIn(services: unknown): Generator<WrittenPattern> {
  for (const [name, service] of named(services)) {
    yield* patternsOf(service.fields, ['services', name, 'fields']);
    for (const [index, route] of records(service.routes)) {
      if (route.fields !== undefined) yield* patternsOf(route.fields, ['services', name, 'routes', index, 'fields']);
    }
  }
}

function* patternsOf(fields: unknown, place: ConfigPath): Generator<WrittenPattern> {
  if (!isRecord(fields)) return;
  for (const message of ['request', 'response']) {
    for (const [index, rule] of records(fields[message])) {
      for (const [field, replacement] of named(rule.replace)) {
        const { pattern, with: text } = replacement;
        const path = [...place, message, index, 'replace', field];
        if (typeof pattern === 'string') yield { path, pattern, with: text };
      }
    }
  }
}

function problemsOf({ path, pattern, with: text }: WrittenPattern, compile: CompilePattern): Problem[] {
  try {
    const { groups } = compile(pattern);
    const highest = typeof text === 'string' ? highestGroup(text) : 0;
    if (highest <= groups) return [];
    const found = groups === 1 ? 'one group' : `${groups === 0 ? 'no' : groups} groups`;
    return [{ path: [...path, 'with'], message: `there is no "$${highest}": the pattern has ${found}.` }];
  } catch (error) {
    if (!(error instanceof PatternProblem)) throw error;
    return [{ path: [...path, 'pattern'], message: `this is no pattern of RE2: ${error.message}.` }];
  }
}
