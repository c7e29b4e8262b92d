/** Where a value is from: a template, or a file that is followed. */
export type FieldValue = string | { readonly file: string };

/** What a rule is for. All conditions that are there must be met. */
export interface FieldCondition {
  /** Of the message: true where there is such a field, false where there is none, a text where one has this value. */
  readonly field?: Readonly<Record<string, string | boolean>> | undefined;
  readonly method?: readonly string[] | undefined;
  /** Of answers. */
  readonly status?: readonly (readonly [from: number, to: number])[] | undefined;
  /** What the path of the request begins with, normalised. */
  readonly path?: string | undefined;
}

type Values = Readonly<Record<string, FieldValue>>;

/** One change of the fields of a message. */
export type FieldChange =
  | { readonly kind: 'set' | 'add' | 'append'; readonly values: Values }
  | { readonly kind: 'remove'; readonly names: readonly string[] }
  | { readonly kind: 'rename'; readonly names: Readonly<Record<string, string>> };

export type FieldRule = FieldChange & { readonly when?: FieldCondition | undefined };

/** Rules in the order in which they are applied: each sees what those before it have done. */
export interface FieldRules {
  readonly request: readonly FieldRule[];
  readonly response: readonly FieldRule[];
}

/** `fields` of a service, and of its routes by their names. */
export interface ServiceFieldRules {
  readonly service: FieldRules | undefined;
  readonly routes: Readonly<Record<string, FieldRules>>;
}

/** A file with a value in its only line, as it is now. */
export interface FieldFile {
  readonly text: string;
  close(): void;
}

/** Opens a file that a rule names. Throws a `ProxyError` if it cannot be used. */
export type OpenFieldFile = (path: string) => FieldFile;
