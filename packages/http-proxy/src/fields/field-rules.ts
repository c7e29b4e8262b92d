/**
 * Where a value is from that no configuration holds: the only line of a file, which is followed, or a variable of the environment. `prefix`
 * stands in front of it. A secret is shown by no log.
 */
export type FieldSource = (
  | { readonly file: string; readonly env?: undefined }
  | { readonly env: string; readonly file?: undefined }
) & {
  readonly prefix?: string | undefined;
  /** Default: true. */
  readonly secret?: boolean | undefined;
};

/** A template, or what says where the value is from. */
export type FieldValue = string | FieldSource;

/** What stands in the place of each match of a pattern. */
export interface Replacement {
  readonly pattern: string;
  /** A template, in which `$1` to `$9` are groups of the pattern, `$0` is the match, and `$$` a dollar. */
  readonly with: string;
}

/** What a rule is for. All conditions that are there must be met. */
export interface FieldCondition {
  /** Of the message: true where there is such a field, false where there is none, else patterns with `*` (`compileGlob`), one of which has to match one of its values. */
  readonly field?: Readonly<Record<string, string | boolean | readonly string[]>> | undefined;
  readonly method?: readonly string[] | undefined;
  /** Of answers. */
  readonly status?: readonly (readonly [from: number, to: number])[] | undefined;
  /** Of the request, normalised: what it begins with, or with a `*` what it is as a whole (`readPathPattern`). One or several. */
  readonly path?: string | readonly string[] | undefined;
}

type Values = Readonly<Record<string, FieldValue>>;

/** One change of the fields of a message. */
export type FieldChange =
  | { readonly kind: 'set' | 'add' | 'append'; readonly values: Values }
  | { readonly kind: 'remove'; readonly names: readonly string[] }
  | { readonly kind: 'rename'; readonly names: Readonly<Record<string, string>> }
  | { readonly kind: 'replace'; readonly replacements: Readonly<Record<string, Replacement>> };

export type FieldRule = FieldChange & {
  readonly when?: FieldCondition | undefined;
  /** Of answers: for errors of the proxy, too. */
  readonly always?: boolean | undefined;
};

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

/** A value from a file or the environment, as it is now. */
export interface SourcedValue {
  readonly text: string;
  close(): void;
}

/** Opens what a rule has a value from. Throws a `ProxyError` if it cannot be used. */
export type OpenFieldSource = (source: FieldSource) => SourcedValue;
