import type { CompilePattern } from '@inband/core';
import type { Replacement } from './field-rules.ts';
import { parseTemplate, type Template } from './template.ts';
import type { Subject } from './variables.ts';

/** A value with each match replaced; undefined where none is. Throws a RangeError where that would take long. */
export type ReplaceMatches = (value: string, subject: Subject | undefined) => string | undefined;

/** `$$`, or a group. */
const REFERENCE = /\$([$\d])/;

/** A text between two references, or the number of a group. */
type Part = Template | number;

/** The template and the pattern must be right. */
export function compileReplacement({ pattern, with: text }: Replacement, compile: CompilePattern): ReplaceMatches {
  const compiled = compile(pattern);
  const parts = partsOf(text);
  return (value, subject) =>
    compiled.replace(value, (groups) => {
      return parts.map((part) => (typeof part === 'number' ? (groups[part] ?? '') : part.textFor(subject))).join('');
    });
}

/** The highest group that a replacement refers to; 0 for none. */
export function highestGroup(text: string): number {
  return Math.max(0, ...splitAtReferences(text).map((part) => (typeof part === 'number' ? part : 0)));
}

function partsOf(text: string): Part[] {
  return splitAtReferences(text).map((part): Part => {
    if (typeof part === 'number') return part;
    const template = parseTemplate(part);
    if ('problem' in template) throw new Error(`The template ${JSON.stringify(text)} is wrong: ${template.problem}.`);
    return template;
  });
}

/** Texts and groups in turn. */
function splitAtReferences(text: string): (string | number)[] {
  return text.split(REFERENCE).map((part, index) => (index % 2 === 0 || part === '$' ? part : Number(part)));
}
