import { type Subject, URL_VARIABLES, variableOf } from './variables.ts';

/** What is wrong with a template. */
export interface TemplateProblem {
  readonly problem: string;
  /** The name that is none of a variable, where that is it. */
  readonly unknown?: string;
}

/** A text with variables: `https://{request.host}{request.target}`. */
export interface Template {
  /** The variables in it, each once. */
  readonly variables: readonly string[];
  /** The text up to the first variable. */
  readonly beginning: string;
  /** The text for a request, with a character for each byte. Without a request variables are empty. */
  readonly textFor: (subject: Subject | undefined) => string;
}

/** `{{`, which stands for a brace, or a variable. All else is text, braces of JSON included. */
const PART = /\{\{|\{([a-z]+(?:\.[a-z]+)*)\}/g;
/** What field values consist of (RFC 9110 section 5.5), without the bytes that have no meaning there. */
const VISIBLE = /^[\t -~]*$/;

/** Reads a template. `forUrl`: variables that are no parts of URLs are escaped. */
export function parseTemplate(text: string, { forUrl = false } = {}): Template | TemplateProblem {
  if (!VISIBLE.test(text)) {
    return { problem: 'expected visible ASCII characters, spaces and tabs in one line; others are written as escapes' };
  }
  const parts: (string | ((subject: Subject) => string))[] = [];
  const variables = new Set<string>();
  let at = 0;
  for (const { 0: found, 1: name, index } of text.matchAll(PART)) {
    parts.push(text.slice(at, index));
    at = index + found.length;
    if (name === undefined) {
      parts.push('{');
      continue;
    }
    const variable = variableOf(name);
    if (variable === undefined) return { problem: `there is no variable "${name}"`, unknown: name };
    variables.add(name);
    parts.push(forUrl && !URL_VARIABLES.has(name) ? (subject) => escapeAll(variable(subject)) : variable);
  }
  parts.push(text.slice(at));
  const textFor =
    variables.size === 0
      ? constantly(parts.join(''))
      : (subject: Subject | undefined) => parts.map((part) => fill(part, subject)).join('');
  const firstVariable = parts.findIndex((part) => typeof part !== 'string');
  const beginning = parts.slice(0, firstVariable < 0 ? parts.length : firstVariable).join('');
  return { variables: [...variables], beginning, textFor };
}

function fill(part: string | ((subject: Subject) => string), subject: Subject | undefined): string {
  if (typeof part === 'string') return part;
  return subject === undefined ? '' : part(subject);
}

function constantly(text: string): () => string {
  return () => text;
}

/** `text` has a character for each byte. */
function escapeAll(text: string): string {
  return text.replace(
    /[^A-Za-z0-9\-._~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
