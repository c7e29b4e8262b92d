import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { adminApp } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';

interface Content {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}
interface Operation {
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Record<string, Content> };
  readonly responses: Record<string, { readonly content?: Record<string, Content> }>;
}
// A type, because the validator takes objects with an index signature.
type Document = { readonly paths: Record<string, Record<string, Operation>> };

let document: Document;
let operations: { readonly name: string; readonly operation: Operation }[];

beforeAll(async () => {
  const app = await adminApp(new ScriptedState());
  document = (await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })).json<Document>();
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );
});

/** Every body of every operation, with its place. */
function bodies(): { readonly name: string; readonly content: Content }[] {
  return operations.flatMap(({ name, operation }) => {
    const answers = Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
      Object.values(content).map((one) => ({ name: `${name} → ${status}`, content: one })),
    );
    const asked = Object.values(operation.requestBody?.content ?? {}).map((content) => ({ name, content }));
    return [...asked, ...answers];
  });
}

/** The examples of the media type, and those within its schema. */
function examplesOf({ schema, example, examples = {} }: Content): unknown[] {
  const within: unknown = Reflect.get(schema, 'examples');
  const named = Object.values(examples).map(({ value }) => value);
  return [
    ...(example === undefined ? [] : [example]),
    ...named,
    ...(Array.isArray(within) ? (within as unknown[]) : []),
  ];
}

describe('the OpenAPI document', () => {
  test('is valid by the schema of OpenAPI', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  test('has every endpoint, each with a summary', () => {
    expect(operations.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['get /health/ready', 'post /reload', 'post /drain', 'get /generations']),
    );
    expect(operations.filter(({ operation }) => operation.summary === undefined)).toEqual([]);
  });

  test('says of each whether it needs a token', () => {
    const open = operations.filter(({ operation }) => operation.security?.length === 0).map(({ name }) => name);
    expect(open).toEqual(expect.arrayContaining(['get /health/live', 'get /health/ready', 'get /openapi.json']));
    expect(open).not.toContain('post /reload');
  });

  test('has an example of every body, and each fits its schema', () => {
    // What is not of JSON Schema is of OpenAPI.
    const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true, uri: true } });
    for (const { name, content } of bodies()) {
      const examples = examplesOf(content);
      expect(examples.length, name).toBeGreaterThan(0);
      const validate = ajv.compile(content.schema);
      for (const example of examples) {
        validate(example);
        expect(validate.errors, name).toBeNull();
      }
    }
  });
});
