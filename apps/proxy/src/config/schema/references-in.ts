import { type Reference, references } from '@inband/chainers';
import type { core } from 'zod';
import { type ConfigPath, isRecord } from '../problem/problem.ts';

/** A place of a configuration that refers to something by its name. */
export interface FoundReference extends Reference {
  readonly name: string;
  readonly path: ConfigPath;
  /** `key`: the name is the key at the end of `path`, not the value there. */
  readonly at: 'key' | 'value';
}

/**
 * Every reference in `written`, which `schema` is for: see `references` of `@inband/chainers`. What has the wrong shape is
 * passed over, because the schema itself complains about it. A schema that is not zod's has none.
 */
export function referencesIn(schema: unknown, written: unknown, path: ConfigPath = []): FoundReference[] {
  const finder = new Finder(path);
  finder.visit(schema, written);
  const { found } = finder;
  return found.length < 2 ? found : withoutCopies(found);
}

/** It makes no function for a value, because a configuration may be large. */
class Finder implements Visitor {
  readonly found: FoundReference[] = [];
  /** Of the value that is visited. One for all, because most of a large configuration refers to nothing. */
  readonly #path: (string | number)[];

  constructor(path: ConfigPath) {
    this.#path = [...path];
  }

  visit(schema: unknown, written: unknown, part?: string | number): void {
    const known = knownOf(schema);
    if (known === undefined || !mayRefer(known)) return;
    if (part !== undefined) this.#path.push(part);
    const { definition, to } = known;
    const path = this.#path;
    if (to !== undefined && typeof written === 'string') {
      this.found.push({ to, name: written, path: [...path], at: 'value' });
    }
    eachStep(definition, written, this);
    if (definition.type === 'record') noteKeys(definition.keyType, written, path, this.found);
    if (part !== undefined) path.pop();
  }
}

/** What is found out about a schema once, because a large configuration has many values for it. */
interface Known {
  readonly definition: Definition;
  /** What it refers to: `references` joins what it has for the schemas that a schema was made from anew, whenever it is asked. */
  readonly to: Reference['to'] | undefined;
  /**
   * Whether it, or one of which it consists, has references: most have none. `unmade`: of these some are lazy, and made only where something is
   * written for them.
   */
  mayRefer: boolean | 'unmade';
  /** The values that were looked at while it was not known. */
  values: number;
}

/** For so many values each is looked at, rather than that what is lazy in their schema is made to know whether any may refer. */
const FEW_VALUES = 50;

const allKnown = new WeakMap<object, Known>();

function knownOf(schema: unknown): Known | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const before = allKnown.get(schema);
  const definition = before === undefined ? definitionOf(schema) : undefined;
  if (definition === undefined || !isZodSchema(schema)) return before;
  const to = references.get(schema)?.to;
  // One that contains itself may refer, as far as is known on the way back to it.
  const known: Known = { definition, to, mayRefer: true, values: 0 };
  allKnown.set(schema, known);
  known.mayRefer = to !== undefined || mayReferInside(definition);
  return known;
}

function mayReferInside(definition: Definition): Known['mayRefer'] {
  if (definition.type === 'lazy') return 'unmade';
  const inside = schemasIn(definition).map((inner) => knownOf(inner)?.mayRefer);
  return inside.includes(true) || (inside.includes('unmade') && 'unmade');
}

/** Whether there may be references in what is written for it. What is lazy is made, and known for the next value. */
function mayRefer(known: Known): boolean {
  if (known.mayRefer !== 'unmade') return known.mayRefer;
  known.values += 1;
  if (known.values > FEW_VALUES) return findOut(known);
  const inner = knownOf(innerOf(known.definition));
  if (inner !== undefined) known.mayRefer = mayRefer(inner) && inner.mayRefer;
  return known.mayRefer !== false;
}

/** The same of any value, for which it makes what is lazy inside, until one may refer. */
function findOut(known: Known): boolean {
  const { mayRefer: before, definition } = known;
  if (before !== 'unmade') return before;
  // As in `knownOf`, for one that contains itself.
  known.mayRefer = true;
  const inside = definition.type === 'lazy' ? [innerOf(definition)] : schemasIn(definition);
  const found = inside.map(knownOf).some((inner) => inner !== undefined && findOut(inner));
  known.mayRefer = found;
  return found;
}

/** The schemas of which one consists, whatever is written for it. */
function schemasIn(definition: Definition): readonly unknown[] {
  switch (definition.type) {
    case 'object':
      return [...Object.values(definition.shape), definition.catchall];
    case 'record':
      return [definition.keyType, definition.valueType];
    case 'array':
      return [definition.element];
    case 'tuple':
      return [...definition.items, definition.rest];
    case 'union':
      return definition.options;
    case 'intersection':
      return [definition.left, definition.right];
    case 'pipe':
      return [definition.in, definition.out];
    default:
      return 'innerType' in definition ? [definition.innerType] : [];
  }
}

/** One for each place, because two alternatives of a union may have the same reference. */
function withoutCopies(found: readonly FoundReference[]): FoundReference[] {
  return [...new Map(found.map((reference) => [placeOf(reference), reference])).values()];
}

function placeOf({ to, at, path }: FoundReference): string {
  return JSON.stringify([to, at, path]);
}

function noteKeys(keyType: unknown, written: unknown, path: ConfigPath, found: FoundReference[]): void {
  for (const key of isRecord(written) ? Object.keys(written) : []) {
    for (const { to, name } of referencesIn(keyType, key)) found.push({ to, name, path: [...path, key], at: 'key' });
  }
}

/** A schema inside of another one, what is written for it, and the part of the path that leads to it, if one does. */
type Step = readonly [schema: unknown, written: unknown, part?: string | number];

/** The schemas of which a zod schema consists, each with what is written for it, and the part of the path that leads there, if one does. */
export function partsOf(schema: unknown, written: unknown): Step[] {
  const definition = definitionOf(schema);
  const steps: Step[] = [];
  if (definition !== undefined) eachStep(definition, written, { visit: (...step) => void steps.push(step) });
  return steps;
}

interface Visitor {
  visit(...step: Step): void;
}

/** Visits the schemas of which one consists, each with what is written for it. It makes no list, because a configuration may be large. */
function eachStep(definition: Definition, written: unknown, visitor: Visitor): void {
  switch (definition.type) {
    case 'object': {
      if (!isRecord(written)) return;
      const { shape, catchall } = definition;
      for (const key of Object.keys(written)) visitor.visit(shape[key] ?? catchall, written[key], key);
      return;
    }
    case 'record':
      if (!isRecord(written)) return;
      for (const [key, value] of Object.entries(written)) visitor.visit(definition.valueType, value, key);
      return;
    case 'array':
      return listOf(written).forEach((value, index) => visitor.visit(definition.element, value, index));
    case 'tuple':
      return listOf(written).forEach((value, index) => {
        visitor.visit(definition.items[index] ?? definition.rest, value, index);
      });
    case 'union':
      for (let index = 0; index < definition.options.length; index += 1) {
        visitor.visit(definition.options[index], written);
      }
      return;
    case 'intersection':
      visitor.visit(definition.left, written);
      return visitor.visit(definition.right, written);
    default: {
      const inner = innerOf(definition);
      if (inner !== undefined) visitor.visit(inner, written);
    }
  }
}

/** The only schema inside of one that is for the same value. */
function innerOf(definition: Definition): unknown {
  switch (definition.type) {
    case 'pipe':
      // `in` is for what is written, `out` for what a transformation makes of it. `preprocess` has a transformation as `in`.
      return definitionOf(definition.in)?.type === 'transform' ? definition.out : definition.in;
    case 'lazy':
      return definition.getter();
    default:
      return 'innerType' in definition ? definition.innerType : undefined;
  }
}

function listOf(written: unknown): unknown[] {
  return Array.isArray(written) ? (written as unknown[]) : [];
}

type Definition = core.$ZodTypes['_zod']['def'];

/** What a zod schema is made of; undefined for a schema of another kind. */
function definitionOf(schema: unknown): Definition | undefined {
  if (!isZodSchema(schema)) return undefined;
  const { _zod: internals } = schema;
  return internals.def;
}

/** Duck-typed, because a plugin may bring a zod of its own. */
function isZodSchema(schema: unknown): schema is core.$ZodTypes {
  const internals: unknown = isRecord(schema) ? Reflect.get(schema, '_zod') : undefined;
  return isRecord(internals) && isRecord(internals.def) && typeof internals.def.type === 'string';
}
