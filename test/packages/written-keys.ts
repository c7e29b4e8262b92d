/** A key in a text, counted from 0, with what its schema says of it. */
export interface WrittenKey {
  readonly path: string;
  readonly line: number;
  readonly character: number;
  readonly description: string;
}

/** As far as the schema of a configuration has it. */
export interface JsonSchema {
  readonly description?: string;
  readonly const?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Keys that TypeScript does not have, because only files have them. */
const ONLY_IN_FILES = new Set(['.include']);

/** A program in TypeScript in which every key of a configuration stands, with the options of each kind of chainer and resolver. */
export function writeEveryKey(schema: JsonSchema): { readonly text: string; readonly keys: readonly WrittenKey[] } {
  const described: Omit<WrittenKey, 'line' | 'character'>[] = [];
  const { resolver, ...properties } = schema.properties ?? {};
  const statements = [
    `const config: ConfigInput = ${written({ properties }, '', described)};`,
    ...kindsOf(schema.$defs?.chainer).map(
      (kind) => `const chainer: ChainerInput = ${written(kind, 'chainer', described)};`,
    ),
    ...kindsOf(resolver).map((kind) => `const resolver: ResolverInput = ${written(kind, 'resolver', described)};`),
  ];
  const blocks = statements.map((statement) => `{ ${statement} }`);
  const text = [
    "import type { ChainerInput, ConfigInput, ResolverInput } from 'inband';",
    ...blocks,
    'export {};',
  ].join('\n');
  return { text, keys: placed(text, described) };
}

function kindsOf(schema: JsonSchema | undefined): readonly JsonSchema[] {
  return (schema?.anyOf ?? []).filter(({ properties }) => properties?.type?.const !== undefined);
}

/** A value with every key. The number of a key stands in a comment behind it. */
function written(schema: JsonSchema, path: string, described: Omit<WrittenKey, 'line' | 'character'>[]): string {
  const { properties, additionalProperties, items } = [schema, ...(schema.anyOf ?? [])].find(isContainer) ?? {};
  if (properties !== undefined) {
    const entries = Object.entries(properties).filter(([key]) => !ONLY_IN_FILES.has(`${path}.${key}`));
    const members = entries.map(([key, value]) => {
      const inner = `${path}.${key}`;
      const number = described.push({ path: inner, description: value.description ?? '' }) - 1;
      return `${key}/*${number}*/: ${written(value, inner, described)},\n`;
    });
    return `{\n${members.join('')}}`;
  }
  if (typeof additionalProperties === 'object')
    return `{ some: ${written(additionalProperties, `${path}.*`, described)} }`;
  if (items !== undefined) return `[${written(items, `${path}[]`, described)}]`;
  return schema.const === undefined ? '(undefined as never)' : JSON.stringify(schema.const);
}

/** An object rather than a list where a place takes both. */
function isContainer({ properties, additionalProperties, items }: JsonSchema): boolean {
  return properties !== undefined || typeof additionalProperties === 'object' || items?.properties !== undefined;
}

function placed(text: string, described: readonly Omit<WrittenKey, 'line' | 'character'>[]): WrittenKey[] {
  return text.split('\n').flatMap((content, line) =>
    Array.from(content.matchAll(/[$\w]+\/\*(\d+)\*\//g), ({ index, 1: number }) => {
      const key = described[Number(number)];
      return key === undefined ? [] : [{ ...key, line, character: index }];
    }).flat(),
  );
}
