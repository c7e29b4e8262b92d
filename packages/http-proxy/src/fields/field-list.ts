import { Fields } from './fields.ts';
import { DROPPED, MARKS, SLOTS, type HeadParser } from '../message/head/head-parser.ts';

interface AddedField {
  readonly name: string;
  readonly value: string;
}

/** The fields of a head as they will go on: those that came and are not dropped, and those that are added. Names are in lower case. */
export class FieldList extends Fields {
  readonly #head: HeadParser;
  #added: AddedField[] = [];

  constructor(head: HeadParser) {
    super();
    this.#head = head;
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

  /** The lines that are added. */
  lines(): string {
    return this.#added.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
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
