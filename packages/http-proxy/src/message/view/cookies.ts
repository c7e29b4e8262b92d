import { Field } from '../field-names.ts';
import { idOfMarks, MARKS, SLOTS } from '../parser/head-table.ts';
import type { RequestHead } from '../head/request-head.ts';

/** Has the request leave without the cookies of this name (RFC 6265 section 5.4), and without a `Cookie` field that has no others. */
export function dropCookie(head: RequestHead, name: string): void {
  for (let index = head.indexOf(Field.cookie); index >= 0 && index < head.fieldCount; index += 1) {
    if (idOfMarks(head.fields[index * SLOTS + MARKS] ?? 0) !== Field.cookie) continue;
    const value = head.value(index);
    // Nearly all that have none are found so.
    if (!value.includes(name)) continue;
    const rest = without(value, name);
    if (rest === '') head.drop(index);
    else head.shorten(index, rest);
  }
}

function without(value: string, name: string): string {
  const others = value.split(';').filter((pair) => nameOf(pair) !== name);
  return others.join(';').trim();
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return (equals < 0 ? pair : pair.slice(0, equals)).trim();
}
