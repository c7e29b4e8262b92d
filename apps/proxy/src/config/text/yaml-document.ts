import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  type LineCounter,
  type ParseOptions,
  Parser,
  type SchemaOptions,
  YAMLParseError,
} from 'yaml';
import { MOST_NESTING, TOO_NESTED } from './nesting.ts';

type YamlOptions = Omit<ParseOptions & DocumentOptions & SchemaOptions, 'prettyErrors'> & {
  readonly lineCounter?: LineCounter;
};

/** A text nests mappings and lists more than {@link MOST_NESTING} deep. */
export class TooNested extends Error {
  /** Where that is in the text. */
  readonly offset: number;

  constructor(offset: number) {
    super(`${TOO_NESTED}.`);
    this.offset = offset;
  }
}

/**
 * `parseDocument` of `yaml` with a bound: throws a {@link TooNested} as soon as the text is nested too deeply, because its parser takes seconds for
 * twenty thousand. Errors have no pretty messages.
 */
export function parseYaml(text: string, { lineCounter, ...options }: YamlOptions = {}): Document.Parsed {
  const parser = new BoundedParser(lineCounter?.addNewLine);
  const documents = new Composer(options).compose(parser.parse(text), true, text.length);
  let found: Document.Parsed | undefined;
  for (const document of documents) {
    if (found === undefined) {
      found = document;
      continue;
    }
    const [start, end] = document.range;
    found.errors.push(new YAMLParseError([start, end], 'MULTIPLE_DOCS', 'there are several documents'));
    break;
  }
  if (found === undefined) throw new Error('There is always a document.');
  return found;
}

class BoundedParser extends Parser {
  override *next(source: string): Generator<CST.Token, void> {
    yield* super.next(source);
    // The document stands there beside them, and a text that is being read.
    if (this.stack.length > MOST_NESTING + 1 && nestedIn(this.stack) > MOST_NESTING) throw new TooNested(this.offset);
  }
}

function nestedIn(stack: readonly CST.Token[]): number {
  return stack.filter(({ type }) => type === 'block-map' || type === 'block-seq' || type === 'flow-collection').length;
}
