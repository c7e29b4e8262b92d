import { Fields } from './fields.ts';

/** Of an answer of the proxy itself. */
export type OwnField = readonly [name: string, value: string];

/** The fields of an answer of the proxy itself. */
export class OwnFields extends Fields {
  #fields: readonly OwnField[];

  constructor(fields: readonly OwnField[]) {
    super();
    this.#fields = fields;
  }

  get all(): readonly OwnField[] {
    return this.#fields;
  }

  has(name: string): boolean {
    return this.#fields.some((field) => isNamed(field, name));
  }

  valuesOf(name: string): string[] {
    return this.#fields.filter((field) => isNamed(field, name)).map(([, value]) => value);
  }

  append(name: string, value: string): void {
    this.#fields = [...this.#fields, [name, value]];
  }

  remove(name: string): void {
    this.#fields = this.#fields.filter((field) => !isNamed(field, name));
  }
}

function isNamed([name]: OwnField, lower: string): boolean {
  return name.toLowerCase() === lower;
}
