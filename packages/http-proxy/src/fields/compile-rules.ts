import {
  compileGlob,
  type CompilePattern,
  type Glob,
  matchesPath,
  normalisePath,
  type PathPattern,
  readPathPattern,
} from '@inband/core';
import { badRequest, badResponse } from '../message/head/faults.ts';
import type { Fields } from './fields.ts';
import type { FieldCondition, FieldRule, FieldSource, FieldValue, SourcedValue } from './field-rules.ts';
import { checkedValue } from './field-value.ts';
import { type ReplaceMatches, compileReplacement } from './replacement.ts';
import { parseTemplate } from './template.ts';
import type { AskedRequest, Subject } from './variables.ts';

/** A message whose fields change. */
interface Message {
  readonly fields: Fields;
  /** Undefined for an error whose request is not known. */
  readonly subject: Subject | undefined;
  /** Of an answer. */
  readonly status: number | undefined;
}

type Change = (message: Message) => void;
type Test = (message: Message) => boolean;
type ValueFor = (subject: Subject | undefined) => string;

/** A rule that can be applied. */
export interface CompiledRule {
  /** Throws a `ProxyError` where a value cannot be sent. */
  readonly change: Change;
  /** For errors of the proxy, too. */
  readonly isAlways: boolean;
  /** It cannot be applied without a request. */
  readonly needsRequest: boolean;
}

/** How rules are compiled. */
export interface RuleContext {
  /** The place of the rules in the configuration, for messages. */
  readonly place: string;
  /** Throws if it cannot be used. Whoever gives it closes it. */
  readonly open: (source: FieldSource) => SourcedValue;
  readonly compilePattern: CompilePattern;
}

export function compileRules(rules: readonly FieldRule[], context: RuleContext): CompiledRule[] {
  return rules.map((rule) => {
    const { when } = rule;
    return {
      change: compileRule(rule, context),
      isAlways: rule.always === true,
      needsRequest: when?.method !== undefined || when?.path !== undefined || textsOf(rule).some(hasVariables),
    };
  });
}

function compileRule(rule: FieldRule, context: RuleContext): Change {
  const change = compileChange(rule, context);
  const tests = testsOf(rule.when);
  if (tests.length === 0) return change;
  return (message) => {
    if (tests.every((test) => test(message))) change(message);
  };
}

/** The templates of a rule. */
function textsOf(rule: FieldRule): string[] {
  if (rule.kind === 'replace') return Object.values(rule.replacements).map((replacement) => replacement.with);
  return 'values' in rule ? Object.values(rule.values).filter((value) => typeof value === 'string') : [];
}

function hasVariables(text: string): boolean {
  const template = parseTemplate(text);
  return 'variables' in template && template.variables.length > 0;
}

function compileChange(rule: FieldRule, context: RuleContext): Change {
  switch (rule.kind) {
    case 'remove': {
      const names = rule.names.map((name) => name.toLowerCase());
      return ({ fields }) => {
        for (const name of names) fields.removeLike(name);
      };
    }
    case 'rename': {
      const names = Object.entries(rule.names);
      return ({ fields }) => {
        for (const [from, to] of names) {
          // It may become a login, which not every field may be.
          for (const value of fields.valuesOf(from.toLowerCase())) checkedValue(to, value, context.place);
          fields.rename(from.toLowerCase(), to);
        }
      };
    }
    case 'replace': {
      const replacements = Object.entries(rule.replacements).map(([name, replacement]) => {
        return [name, compileReplacement(replacement, context.compilePattern)] as const;
      });
      return (message) => {
        for (const [name, replace] of replacements) replaceIn(message, name, replace, context.place);
      };
    }
    case 'set':
    case 'add':
    case 'append': {
      const { kind } = rule;
      const values = Object.entries(rule.values).map(([name, value]) => [name, valueOf(name, value, context)] as const);
      return ({ fields, subject }) => {
        for (const [name, valueFor] of values) put(fields, kind, name, valueFor, subject);
      };
    }
  }
}

function put(
  fields: Fields,
  kind: 'set' | 'add' | 'append',
  name: string,
  valueFor: ValueFor,
  subject: Subject | undefined,
): void {
  const lower = name.toLowerCase();
  if (kind === 'add' && fields.has(lower)) return;
  // Before the old one is removed, because a template may refuse.
  const value = valueFor(subject);
  if (kind === 'set') fields.removeLike(lower);
  fields.append(name, value);
}

function replaceIn({ fields, subject, status }: Message, name: string, replace: ReplaceMatches, place: string): void {
  try {
    fields.replace(name.toLowerCase(), (value) => {
      const replaced = replace(value, subject);
      return replaced === undefined ? undefined : checkedValue(name, replaced, place);
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `The pattern for the field "${name}" matches too often in its long value.`;
    throw status === undefined ? badRequest(message, { setting: place }) : badResponse(message);
  }
}

function valueOf(name: string, value: FieldValue, { place, open }: RuleContext): ValueFor {
  if (typeof value === 'string') {
    const template = parseTemplate(value);
    if ('problem' in template) throw new Error(`The template for ${name} is wrong: ${template.problem}.`);
    return (subject) => checkedValue(name, template.textFor(subject), place);
  }
  const { prefix = '' } = value;
  const sourced = open(value);
  return () => checkedValue(name, prefix + sourced.text, place);
}

function testsOf({ field = {}, method, status, path }: FieldCondition = {}): Test[] {
  const tests: Test[] = Object.entries(field).map(([name, wanted]) => {
    const lower = name.toLowerCase();
    if (typeof wanted === 'boolean') return ({ fields }) => fields.has(lower) === wanted;
    const globs = [wanted].flat().map(globOf);
    return ({ fields }) => fields.valuesOf(lower).some((value) => globs.some((matches) => matches(value)));
  });
  if (method !== undefined)
    tests.push(({ subject }) => subject !== undefined && method.includes(subject.request.method));
  if (path !== undefined) {
    const patterns = [path].flat().map(pathPatternOf);
    tests.push(({ subject }) => subject !== undefined && isAt(pathOf(subject.request), patterns));
  }
  if (status !== undefined) {
    tests.push(({ status: given = 0 }) => status.some(([from, to]) => given >= from && given <= to));
  }
  return tests;
}

function isAt(path: string, patterns: readonly PathPattern[]): boolean {
  return patterns.some((pattern) => matchesPath(pattern, path));
}

function globOf(text: string): Glob {
  const glob = compileGlob(text);
  if ('problem' in glob) throw new Error(glob.problem);
  return glob;
}

function pathPatternOf(text: string): PathPattern {
  const pattern = readPathPattern(text);
  if ('problem' in pattern) throw new Error(pattern.problem);
  return pattern;
}

function pathOf({ buffer, base, pathStart, pathEnd }: AskedRequest): string {
  return normalisePath(buffer.toString('latin1', base + pathStart, base + pathEnd));
}
