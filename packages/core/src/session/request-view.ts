/**
 * What a chainer may see of the request that it connects. It shows what the client wrote, a character for each byte, nothing decoded. Do not
 * keep it: when {@link Session.request} is undefined again it shows nothing.
 */
export interface RequestView {
  /** The path without the query. Empty for CONNECT. */
  readonly path: string;
  /** What stands behind the "?". Undefined without one. */
  readonly query: string | undefined;
  /** The value of the first field with this name, in lower case. Undefined if there is none. */
  field(name: string): string | undefined;
  /** The values of all fields with this name, in lower case, in their order. */
  fields(name: string): readonly string[];
}

/** A field that a chainer adds to an answer. */
export type AnswerField = readonly [name: string, value: string];
