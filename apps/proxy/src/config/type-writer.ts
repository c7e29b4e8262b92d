import { typeNames } from '@inband/chainers';
import { type core, globalRegistry } from 'zod';
import { formatSize } from './values/size.ts';

type Schema = core.$ZodTypes;

/** The line length of the repository. */
const WIDTH = 120;

/** Turns zod schemas into interfaces of TypeScript for what is written, with the descriptions of their keys as doc comments. */
export class TypeWriter {
  /** The texts of the interfaces, in the order of their first use. */
  readonly #interfaces: string[] = [];

  get text(): string {
    return this.#interfaces.join('\n');
  }

  /**
   * Adds `export interface <name>Input`, and one for each object within. `omitted`: keys that it must not have. Returns the
   * interface's name.
   */
  add(name: string, schema: unknown, description: string, omitted: readonly string[] = []): string {
    const at = this.#interfaces.push('') - 1;
    const keys = Object.entries(shapeOf(schema))
      .filter(([key]) => !omitted.includes(key))
      .map(([key, value]) => this.#key(name, key, value));
    const head = `export interface ${name}Input`;
    this.#interfaces[at] =
      `${comment([description], '')}${keys.length === 0 ? `${head} {}\n` : `${head} {\n${keys.join('')}}\n`}`;
    return `${name}Input`;
  }

  #key(owner: string, key: string, value: unknown): string {
    const schema = schemaOf(value);
    const { text, byDefault } = described(value);
    const alternatives = this.#alternatives({ name: memberName(owner, key), text: text ?? '' }, schema);
    const optional = mayBeLeftOut(schema);
    const all = optional ? [...alternatives, 'undefined'] : alternatives;
    const start = `  ${key}${optional ? '?' : ''}:`;
    const line = `${start} ${all.join(' | ')};\n`;
    const broken = inLines(start, all);
    const usual = byDefault === undefined || text?.includes('Default') === true ? [] : [`@default ${shown(byDefault)}`];
    return `${comment([text ?? '', ...usual], '  ')}${line.length > WIDTH + 1 ? broken : line}`;
  }

  #type(place: Place, schema: unknown): string {
    return this.#alternatives(place, schemaOf(schema)).join(' | ');
  }

  /** What may be written, one text for each member of a union. */
  #alternatives(place: Place, schema: Schema): string[] {
    const known = typeNames.get(schema)?.name;
    if (known !== undefined) return [known];
    const def = definitionOf(schema);
    switch (def.type) {
      case 'object':
        return [this.add(place.name, schema, place.text)];
      case 'record':
        return [`Record<string, ${this.#type(oneOf(place), def.valueType)}>`];
      case 'array':
        return [listOf(this.#type(oneOf(place), def.element))];
      case 'union':
        return [...new Set(placed(place, def.options).flatMap(([at, option]) => this.#alternatives(at, option)))];
      case 'pipe':
        return this.#alternatives(place, schemaOf(def.in));
      case 'enum':
        return Object.values(def.entries).map(literal);
      case 'literal':
        return def.values.map(literal);
      case 'string':
      case 'number':
      case 'boolean':
        return [def.type];
      default:
        if ('innerType' in def) return this.#alternatives(place, schemaOf(def.innerType));
        throw new Error(`There is no type for "${def.type}" of ${place.name} yet; see TypeWriter.`);
    }
  }
}

/** Where an object stands: the name of its interface, and what is said of it there. */
interface Place {
  readonly name: string;
  readonly text: string;
}

/** Members of a union with their places: of several mappings each but the first is named after its first key, too. */
function placed(place: Place, options: readonly unknown[]): [place: Place, schema: Schema][] {
  let mappings = 0;
  return options.map((option) => {
    const schema = schemaOf(option);
    const def = definitionOf(schema);
    if (def.type !== 'object' || typeNames.get(schema) !== undefined) return [place, schema];
    mappings += 1;
    const [first = ''] = Object.keys(def.shape);
    const text = globalRegistry.get(schema)?.description ?? place.text;
    return [{ name: mappings === 1 ? place.name : memberName(place.name, first), text }, schema];
  });
}

/** The key "match" of a "ServiceRoute" is a "ServiceRouteMatch"; what stands at the top has no owner. */
function memberName(owner: string, key: string): string {
  return `${owner === 'Config' ? '' : owner}${key.charAt(0).toUpperCase()}${key.slice(1)}`;
}

/** One of the "Listeners" is a "Listener". */
function oneOf({ name, text }: Place): Place {
  return { name: /[^s]s$/.test(name) ? name.slice(0, -1) : name, text };
}

function listOf(item: string): string {
  return item.includes(' ') ? `(${item})[]` : `${item}[]`;
}

/** A key with its alternatives, one on each line, as the formatter has it: also those of the items of a list. */
function inLines(start: string, all: readonly string[]): string {
  const [, items] = /^\((.*)\)\[\]$/.exec(all.length === 1 ? (all[0] ?? '') : '') ?? [];
  return items === undefined
    ? `${start}\n${members(all).trimEnd()};\n`
    : `${start} (\n${members(items.split(' | '))}  )[];\n`;
}

function members(all: readonly string[]): string {
  return all.map((one) => `    | ${one}\n`).join('');
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** The keys of an object, beneath its refinements and transformations. */
function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  const def = definitionOf(schemaOf(schema));
  if (def.type === 'object') return def.shape;
  if (def.type === 'pipe') return shapeOf(def.in);
  if ('innerType' in def) return shapeOf(def.innerType);
  throw new Error(`Expected the schema of an object, found "${def.type}".`);
}

function definitionOf({ _zod: { def } }: Schema): Schema['_zod']['def'] {
  return def;
}

/** The schema itself, or the one that a lazy one stands for. */
function schemaOf(value: unknown): Schema {
  const schema = asSchema(value);
  const def = definitionOf(schema);
  return def.type === 'lazy' ? schemaOf(def.getter()) : schema;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the classes of zod are exactly these; its own interfaces name only their base
const asSchema = (value: unknown): Schema => value as Schema;

function mayBeLeftOut(schema: Schema): boolean {
  const def = definitionOf(schema);
  if (def.type === 'optional' || def.type === 'default' || def.type === 'prefault') return true;
  if (def.type === 'pipe') return mayBeLeftOut(schemaOf(def.in));
  return 'innerType' in def && mayBeLeftOut(schemaOf(def.innerType));
}

/** The description of a schema. */
export function descriptionOf(schema: unknown): string {
  return described(schema).text ?? '';
}

interface Described {
  readonly text: string | undefined;
  /** A plain default. */
  readonly byDefault: unknown;
}

/** The description of a schema and its default; those of the innermost schema that has them. */
function described(value: unknown): Described {
  const schema = asSchema(value);
  const text = globalRegistry.get(schema)?.description;
  const def = definitionOf(schema);
  const within = def.type === 'lazy' ? def.getter() : 'innerType' in def ? def.innerType : undefined;
  const inner = within && described(within);
  const hasDefault = def.type === 'default' || def.type === 'prefault';
  const byDefault = hasDefault && isPlain(def.defaultValue) ? def.defaultValue : undefined;
  return { text: text ?? inner?.text, byDefault: byDefault ?? inner?.byDefault };
}

/** As it would be written: `30s`, `64MiB`. */
function shown(byDefault: unknown): string {
  const isSize = typeof byDefault === 'number' && byDefault >= 2 ** 16;
  return isSize ? formatSize(byDefault) : String(byDefault);
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** A doc comment in lines of the repository's width. */
export function comment(paragraphs: readonly string[], indent: string): string {
  const one = `${indent}/** ${paragraphs.join(' ')} */\n`;
  if (paragraphs.length === 1 && one.length <= WIDTH + 1) return one;
  const lines = paragraphs.flatMap((part) => wrapped(part, WIDTH - indent.length - ' * '.length));
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replaceAll('*/', '*\\/').split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
