import type { PluginRegistry } from '@inband/core';
import * as z from 'zod';
import { inputJsonSchema } from './problem/issues.ts';
import { builtinRegistry } from './plugins/load-plugins.ts';
import { isRecord } from './problem/problem.ts';
import { ownFile } from '../own-files/own-files.ts';
import { DEFAULT_RESOLVER } from './known/constants.ts';
import { configSchema } from './schema/schema.ts';

/** Where the generated JSON Schema stands in the repository and in the package. */
export const schemaFile = ownFile('schema/inband.schema.json');

type JsonSchema = Record<string, unknown>;

/** The configuration's JSON Schema for editors, with the options of every built-in chainer and resolver. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const registry = builtinRegistry();
  const properties = record(schema.properties);
  const service = record(record(record(properties.services).additionalProperties).properties);
  service.auth = {
    description: record(service.auth).description,
    anyOf: [AUTH, { type: 'array', minItems: 1, items: AUTH }],
  };
  // Functions are for programs.
  const filters = record(service.filters);
  const kinds: unknown = record(filters.items).anyOf;
  service.filters = { ...filters, items: Array.isArray(kinds) ? (kinds as unknown[]).at(-1) : {} };
  const route = record(record(service.routes).items);
  const routeProperties = record(route.properties);
  const { description } = record(routeProperties.chainer);
  routeProperties.chainer = { description, ...CHAINER_OR_NAME };
  properties.chainers = { ...record(properties.chainers), additionalProperties: CHAINER };
  properties.resolver = {
    ...record(properties.resolver),
    ...pluginUses(registry, 'resolver', record(properties.resolver)),
  };
  properties.plugins = { ...record(properties.plugins), items: { type: 'string' } };
  schema.properties = { ...properties, include };
  // Other files may bring what one that includes them lacks.
  const { required, ...rest } = schema;
  const complete = { if: { required: ['include'] }, else: { required } };
  const notes = { patternProperties: { '^x-': { description: 'For anchors. Ignored.' } } };
  const title = 'Configuration of Inband';
  const $defs = { chainer: pluginUses(registry, 'chainer', {}), auth: pluginUses(registry, 'auth', {}) };
  return { $schema, title, ...rest, ...notes, ...complete, $defs };
}

const CHAINER = { $ref: '#/$defs/chainer' };
const AUTH = { $ref: '#/$defs/auth' };
const CHAINER_OR_NAME = { anyOf: [{ type: 'string', minLength: 1 }, CHAINER] };

/** Not in the schema of the program, because files are joined before it sees them. */
const include = {
  description: 'YAML and JSON files, or folders of them, that belong to this configuration; relative to this file.',
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', items: { type: 'string', minLength: 1 } },
  ],
};

const DESCRIPTIONS = {
  chainer: 'The kind of chainer; the other keys are its options.',
  resolver: 'The kind of resolver; the other keys are its options.',
  auth: 'The way by which clients say who they are; the other keys are its options.',
} as const;

/** A mapping with a `type`: with the options of that kind if it is built in, with any if a plugin brings it. */
function pluginUses(
  registry: PluginRegistry,
  provides: 'chainer' | 'resolver' | 'auth',
  common: JsonSchema,
): JsonSchema {
  const kinds = registry.kinds(provides);
  const builtIn = kinds.map((kind) => {
    const plugin = registry.find(provides, kind);
    const options: JsonSchema = plugin === undefined ? {} : inputJsonSchema(plugin.schema);
    const own = { ...record(options.properties) };
    for (const option of (plugin?.provides === 'chainer' && plugin.nested) || []) own[option] = nested(own[option]);
    const properties = {
      type: { description: DESCRIPTIONS[provides], const: kind },
      ...record(common.properties, 'cache'),
      ...record(common.properties, 'limits'),
      ...own,
    };
    const type = provides === 'resolver' && kind === DEFAULT_RESOLVER ? [] : ['type'];
    const required = [...type, ...(Array.isArray(options.required) ? (options.required as unknown[]) : [])];
    return { description: options.description, type: 'object', properties, required, additionalProperties: false };
  });
  const other = { description: 'A kind that a plugin brings.', type: 'object', required: ['type'] };
  const type = { type: 'string', not: { enum: kinds } };
  return { anyOf: [...builtIn, { ...other, properties: { type } }] };
}

/** An option that holds a chainer, or a list of them. */
function nested(schema: unknown): JsonSchema {
  const { description, items } = record(schema);
  return items === undefined ? { description, ...CHAINER_OR_NAME } : { ...record(schema), items: CHAINER_OR_NAME };
}

/** The mapping itself, or only one key of it. */
function record(value: unknown, only?: string): JsonSchema {
  const found = isRecord(value) ? value : {};
  if (only === undefined) return found;
  return only in found ? { [only]: found[only] } : {};
}

/** The text of the generated file. */
export function schemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
