import { type CompilePattern, normalisePath } from '@inband/core';
import { badRequest, badResponse } from '../message/head/faults.ts';
import type { HeadParser } from '../message/head/head-parser.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { FieldList } from './field-list.ts';
import type { FieldCondition, FieldRule, FieldSource, FieldValue, SourcedValue } from './field-rules.ts';
import { checkedValue } from './field-value.ts';
import { type ReplaceMatches, compileReplacement } from './replacement.ts';
import { parseTemplate } from './template.ts';
import type { Subject } from './variables.ts';

/** A message whose fields change. */
interface Message {
  readonly fields: FieldList;
  readonly subject: Subject;
  /** Of an answer. */
  readonly status: number | undefined;
}

type Change = (message: Message) => void;
type Test = (message: Message) => boolean;
type ValueFor = (subject: Subject) => string;

/** How rules are compiled. */
export interface RuleContext {
  /** The place of the rules in the configuration, for messages. */
  readonly place: string;
  /** Throws if it cannot be used. Whoever gives it closes it. */
  readonly open: (source: FieldSource) => SourcedValue;
  readonly compilePattern: CompilePattern;
}

/** Applies rules to a head, and returns the lines that are to be added to it. */
export type ApplyRules = (head: HeadParser, subject: Subject, status: number | undefined) => string;

/** Undefined without rules. */
export function compileRules(rules: readonly FieldRule[], context: RuleContext): ApplyRules | undefined {
  if (rules.length === 0) return undefined;
  const changes = rules.map((rule) => compileRule(rule, context));
  return (head, subject, status) => {
    const fields = new FieldList(head);
    const message = { fields, subject, status };
    for (const change of changes) change(message);
    return fields.lines();
  };
}

function compileRule(rule: FieldRule, context: RuleContext): Change {
  const change = compileChange(rule, context);
  const tests = testsOf(rule.when);
  if (tests.length === 0) return change;
  return (message) => {
    if (tests.every((test) => test(message))) change(message);
  };
}

function compileChange(rule: FieldRule, context: RuleContext): Change {
  switch (rule.kind) {
    case 'remove': {
      const names = rule.names.map((name) => name.toLowerCase());
      return ({ fields }) => {
        for (const name of names) fields.remove(name);
      };
    }
    case 'rename': {
      const names = Object.entries(rule.names);
      return ({ fields }) => {
        for (const [from, to] of names) fields.rename(from.toLowerCase(), to);
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
  fields: FieldList,
  kind: 'set' | 'add' | 'append',
  name: string,
  valueFor: ValueFor,
  subject: Subject,
): void {
  const lower = name.toLowerCase();
  if (kind === 'add' && fields.has(lower)) return;
  // Before the old one is removed, because a template may refuse.
  const value = valueFor(subject);
  if (kind === 'set') fields.remove(lower);
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
    return ({ fields }) => fields.valuesOf(lower).includes(wanted);
  });
  if (method !== undefined) tests.push(({ subject }) => method.includes(subject.request.method));
  if (path !== undefined) tests.push(({ subject }) => pathOf(subject.request).startsWith(path));
  if (status !== undefined) {
    tests.push(({ status: given = 0 }) => status.some(([from, to]) => given >= from && given <= to));
  }
  return tests;
}

function pathOf({ buffer, base, pathStart, pathEnd }: RequestHead): string {
  return normalisePath(buffer.toString('latin1', base + pathStart, base + pathEnd));
}
