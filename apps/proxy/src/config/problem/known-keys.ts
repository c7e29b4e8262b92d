import { isRecord } from './problem.ts';

type JsonSchema = Record<string, unknown>;

/** All alternatives of a JSON Schema, with references resolved. */
function alternatives(schema: unknown, root: JsonSchema): JsonSchema[] {
  if (!isRecord(schema)) return [];
  if (typeof schema.$ref === 'string') return alternatives(referenced(schema.$ref, root), root);
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (Array.isArray(list) ? list : []));
  return [schema, ...branches.flatMap((branch) => alternatives(branch, root))];
}

/** Resolves `#/$defs/name`, the only form that is generated, and `#`. */
function referenced(reference: string, root: JsonSchema): unknown {
  let current: unknown = root;
  for (const part of reference.split('/').slice(1)) current = isRecord(current) ? current[part] : undefined;
  return current;
}

function step(schema: JsonSchema, part: PropertyKey): unknown {
  if (typeof part === 'number') return schema.items;
  const properties = isRecord(schema.properties) ? schema.properties : {};
  return properties[String(part)] ?? schema.additionalProperties;
}

/** The keys that a mapping at `path` may have, as far as the schema has them. */
export function knownKeys(root: JsonSchema, path: readonly PropertyKey[]): string[] {
  let current = alternatives(root, root);
  for (const part of path) current = current.flatMap((schema) => alternatives(step(schema, part), root));
  return [...new Set(current.flatMap(({ properties }) => (isRecord(properties) ? Object.keys(properties) : [])))];
}
