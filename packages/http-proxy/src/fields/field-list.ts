import { Fields } from './fields.ts';
import type { HeadParser } from '../message/parser/head-parser.ts';
import { DROPPED, MARKS, SLOTS } from '../message/parser/head-table.ts';
import { Literal } from '../message/words.ts';

/** A head to which lines are added. */
export type ChangedHead = HeadParser & { added: Literal | undefined };

interface AddedField {
  readonly name: string;
  readonly value: string;
}

/** The fields of a head as they will go on: those that came and are not dropped, and those that are added. Names are in lower case. */
export class FieldList extends Fields implements Iterable<readonly [name: string, value: string]> {
  readonly #head: ChangedHead;
  #added: AddedField[];

  constructor(head: ChangedHead) {
    super();
    this.#head = head;
    this.#added = addedTo(head);
  }

  /** Names as they are written. */
  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    const { fieldCount, fields } = this.#head;
    for (let index = 0; index < fieldCount; index += 1) {
      if (((fields[index * SLOTS + MARKS] ?? 0) & DROPPED) !== 0) continue;
      yield [this.#head.name(index), this.#head.value(index)];
    }
    for (const { name, value } of this.#added) yield [name, value];
  }

  has(name: string): boolean {
    return this.#next(name, 0) >= 0 || this.#added.some((field) => isNamed(field, name));
  }

  valuesOf(name: string): string[] {
    const values: string[] = [];
    for (let index = this.#next(name, 0); index >= 0; index = this.#next(name, index + 1)) {
      values.push(this.#head.value(index));
    }
    return [...values, ...this.#added.filter((field) => isNamed(field, name)).map(({ value }) => value)];
  }

  /** `name` as it is to be written. */
  append(name: string, value: string): void {
    this.#added.push({ name, value });
  }

  remove(name: string): void {
    for (let index = this.#next(name, 0); index >= 0; index = this.#next(name, index + 1)) this.#head.drop(index);
    this.#added = this.#added.filter((field) => !isNamed(field, name));
  }

  /** Servers that keep fields as CGI variables take `X_User` for `X-User`. */
  override removeLike(name: string): void {
    this.remove(name);
    const { kind, fieldCount } = this.#head;
    if (kind !== 'request') return;
    for (let index = 0; index < fieldCount; index += 1) {
      if (this.#head.isNamedLike(index, name)) this.#head.drop(index);
    }
  }

  /** Has the head go on with what was added. What was removed is marked in it already. */
  write(): void {
    const lines = this.#added.map(({ name, value }) => `${name}: ${value}\r\n`);
    this.#head.added = lines.length === 0 ? undefined : new Literal(lines.join(''));
  }

  #next(name: string, from: number): number {
    const { fieldCount, fields } = this.#head;
    for (let index = from; index < fieldCount; index += 1) {
      const isDropped = ((fields[index * SLOTS + MARKS] ?? 0) & DROPPED) !== 0;
      if (!isDropped && this.#head.isNamed(index, name)) return index;
    }
    return -1;
  }
}

function isNamed({ name }: AddedField, lower: string): boolean {
  return name.toLowerCase() === lower;
}

function addedTo({ added }: ChangedHead): AddedField[] {
  if (added === undefined) return [];
  return added
    .toString()
    .split('\r\n')
    .slice(0, -1)
    .map((line) => {
      const colon = line.indexOf(': ');
      return { name: line.slice(0, colon), value: line.slice(colon + 2) };
    });
}
