import type { FilterFieldChanges, FilterFields } from '@inband/core';
import { type ChangedHead, FieldList } from '../../../fields/field-list.ts';
import { fieldNameProblem } from '../../../fields/field-name.ts';
import { checkedValue } from '../../../fields/field-value.ts';

/** The fields of a head at one time. */
export class FieldsCopy implements FilterFields {
  /** With the names in lower case. */
  readonly #fields: readonly (readonly [name: string, value: string])[];

  constructor(fields: Iterable<readonly [name: string, value: string]>, hidden?: string) {
    const lower = Array.from(fields, ([name, value]) => [name.toLowerCase(), value] as const);
    this.#fields = hidden === undefined ? lower : lower.filter(([name]) => name !== hidden);
  }

  get(name: string): string | undefined {
    const lower = name.toLowerCase();
    return this.#fields.find(([known]) => known === lower)?.[1];
  }

  all(name: string): readonly string[] {
    const lower = name.toLowerCase();
    return this.#fields.filter(([known]) => known === lower).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#fields.values();
  }
}

type Values = Readonly<Record<string, string | readonly string[]>>;

const KINDS: ReadonlySet<string> = new Set(['remove', 'set', 'add', 'append']);

/** Changes the fields of a head that is sent on. Throws an error that says what is wrong with the changes; nothing is changed then. */
export function changeFields(head: ChangedHead, changes: FilterFieldChanges, place: string): void {
  for (const kind of Object.keys(changes)) {
    if (!KINDS.has(kind))
      throw new TypeError(`"${kind}" is no change of fields: it is one of ${[...KINDS].join(', ')}`);
  }
  const { remove = [], set = {}, add = {}, append = {} } = changes;
  if (!Array.isArray(remove)) throw new TypeError('"remove" is no list of names');
  for (const name of remove) checkName(name);
  const [setting, adding, appending] = [set, add, append].map((values) => checked(values, place));
  const fields = new FieldList(head);
  for (const name of remove) fields.removeLike(name.toLowerCase());
  for (const [name, values] of setting ?? []) {
    fields.removeLike(name.toLowerCase());
    for (const value of values) fields.append(name, value);
  }
  for (const [name, values] of adding ?? []) {
    if (!fields.has(name.toLowerCase())) for (const value of values) fields.append(name, value);
  }
  for (const [name, values] of appending ?? []) for (const value of values) fields.append(name, value);
  fields.write();
}

/** Names and values that may be written. `mayName`: a field that the proxy writes otherwise. */
export function checked(values: Values, place: string, mayName?: string): [name: string, values: string[]][] {
  return Object.entries(values).map(([name, given]) => {
    if (name.toLowerCase() !== mayName) checkName(name);
    return [name, (Array.isArray(given) ? given : [given]).map((value: unknown) => checkValue(name, value, place))];
  });
}

function checkName(name: string): void {
  const problem = fieldNameProblem(name);
  if (problem !== undefined) throw new TypeError(`${JSON.stringify(name)}: ${problem}`);
}

function checkValue(name: string, value: unknown, place: string): string {
  if (typeof value !== 'string') throw new TypeError(`the value of the field "${name}" is no text`);
  // What it says of the value is not for the client, because the filter has made it.
  try {
    return checkedValue(name, value, place);
  } catch (error) {
    throw new TypeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
