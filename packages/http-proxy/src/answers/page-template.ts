import { escapeHtml } from './html-page.ts';

/** What a template can show. `docs/errors.md` says what each is. */
export const PAGE_FIELDS = [
  'status',
  'title',
  'detail',
  'advice',
  'url',
  'setting',
  'date',
  'proxy',
  'error',
  'fault',
  'id',
] as const;

export type PageField = (typeof PAGE_FIELDS)[number];

/** Undefined or empty where there is nothing to show. */
export type PageValues = Readonly<Record<PageField, string | undefined>>;

/** Markup, a field in its place, or what is shown only where a field has a value. */
type Part = string | { readonly field: PageField } | { readonly where: PageField; readonly parts: readonly Part[] };

/** A template of a page that was read. */
export type PageTemplate = readonly Part[];

/** What is wrong with a template, by its line. */
export interface PageProblem {
  readonly line: number;
  readonly message: string;
  /** What is named there and does not exist. */
  readonly unknown?: string;
}

/** A field in double braces, or what only begins like one. A minified style may end in `}}`. */
const TOKEN = /\{\{(?:\s*([#/]?)\s*([A-Za-z]+)\s*\}\})?/g;

const KNOWN: ReadonlySet<string> = new Set(PAGE_FIELDS);

function isField(name: string): name is PageField {
  return KNOWN.has(name);
}

/** A section that is open. */
interface Section {
  readonly where: PageField;
  readonly line: number;
  readonly parts: Part[];
}

/**
 * Reads a template: markup with `{{detail}}` for a field, and `{{#id}}…{{/id}}` around what is shown only where the field has a value.
 * Returns what is wrong with it instead, at the first place.
 */
export function parsePage(text: string): PageTemplate | PageProblem {
  const top: Part[] = [];
  const open: Section[] = [];
  let end = 0;
  for (const { 0: token, 1: sign = '', 2: name, index } of text.matchAll(TOKEN)) {
    const line = lineOf(text, index);
    const parts = open.at(-1)?.parts ?? top;
    if (index > end) parts.push(text.slice(end, index));
    end = index + token.length;
    if (name === undefined) return { line, message: 'a "{{" without a field; fields are written {{detail}}' };
    if (!isField(name)) return { line, unknown: name, message: `there is no field "${name}"` };
    if (sign === '') parts.push({ field: name });
    else if (sign === '#') open.push({ where: name, line, parts: [] });
    else {
      const section = open.pop();
      if (section?.where !== name) return { line, message: `{{/${name}}} closes what is not open` };
      (open.at(-1)?.parts ?? top).push({ where: name, parts: section.parts });
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) return { line: unclosed.line, message: `{{#${unclosed.where}}} is never closed` };
  return [...top, text.slice(end)];
}

/** Whether `parsePage` found nothing wrong. */
export function isPageTemplate(parsed: PageTemplate | PageProblem): parsed is PageTemplate {
  return Array.isArray(parsed);
}

/** The page. Values are escaped, for the content of elements and for attributes in quotes. */
export function renderPage(template: PageTemplate, values: PageValues): string {
  return template.map((part) => renderPart(part, values)).join('');
}

function renderPart(part: Part, values: PageValues): string {
  if (typeof part === 'string') return part;
  if ('field' in part) return escapeHtml(values[part.field] ?? '');
  return (values[part.where] ?? '') === '' ? '' : renderPage(part.parts, values);
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
