import { requestNotes, type SessionRecord } from '@inband/core';
import { ACCESS_KEYS, accessFields } from './access-log.ts';
import { safeWord, UNKNOWN } from './values/safe-text.ts';

/** A template of an access line: texts and names of fields, in order. */
export type TemplatePart = { readonly text: string } | { readonly field: TemplateKey };

/** What is wrong with a template. */
export interface TemplateProblem {
  /** What stands between the braces, if that is what is wrong. */
  readonly unknown?: string;
  readonly message: string;
}

/** The keys of an access line, and those that are noted of the head where a template has them. */
export const TEMPLATE_KEYS = [...ACCESS_KEYS, 'version', 'referer', 'userAgent'] as const;

type TemplateKey = (typeof TEMPLATE_KEYS)[number];

const KNOWN: ReadonlySet<string> = new Set(TEMPLATE_KEYS);
/** A doubled brace, a field, or a single brace, which is a mistake. */
const TOKEN = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** A tab may separate fields. */
// oxlint-disable-next-line no-control-regex -- controls are what this is about
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/;

function isKey(name: string): name is TemplateKey {
  return KNOWN.has(name);
}

/** Reads `{client} {method}`; `{{` and `}}` are braces. Returns its parts, or what is wrong with it. */
export function parseTemplate(template: string): readonly TemplatePart[] | TemplateProblem {
  if (CONTROL.test(template)) return { message: 'a line break or another control character' };
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const { 0: token, 1: name, index } of template.matchAll(TOKEN)) {
    if (index > end) parts.push({ text: template.slice(end, index) });
    end = index + token.length;
    if (token === '{{' || token === '}}') parts.push({ text: token.charAt(0) });
    else if (name === undefined)
      return { message: `a "${token}" of its own; write "${token}${token}" for the character` };
    else if (isKey(name)) parts.push({ field: name });
    else return { unknown: name, message: `there is no field "${name}"` };
  }
  if (end < template.length) parts.push({ text: template.slice(end) });
  return parts;
}

/** Whether `parseTemplate` found nothing wrong. */
export function isTemplate(parsed: readonly TemplatePart[] | TemplateProblem): parsed is readonly TemplatePart[] {
  return Array.isArray(parsed);
}

/** The line for a session. Each field is one word, and `-` where it is unknown. */
export function templateLine(parts: readonly TemplatePart[], record: SessionRecord, now: Date): string {
  const fields: Record<string, unknown> = {
    ...accessFields(record),
    ...requestNotes(record.session),
    level: 'info',
    time: now.toISOString(),
    pid: process.pid,
    msg: record.kind,
  };
  return parts.map((part) => ('text' in part ? part.text : wordOf(fields[part.field]))).join('');
}

function wordOf(value: unknown): string {
  if (value === undefined) return UNKNOWN;
  return typeof value === 'string' ? safeWord(value) : safeWord(JSON.stringify(value).replaceAll('"', ''));
}
