import type { FieldRule, FieldRules, FieldValue, ServiceFieldRules } from '@inband/http-proxy';
import { resolve } from 'node:path';
import { formatPath } from '../../config/problem/problem.ts';
import type { WrittenCondition, WrittenRule } from '../../config/schema/service/fields.ts';
import type { WrittenSource } from '../../config/templates/field-value.ts';
import type { ServiceConfig } from '../../config/schema/schema.ts';

/** How a service and its routes change fields; undefined where nothing is changed. `base`: the folder to which files are relative. */
export function fieldRulesOf(
  name: string,
  { fields, routes }: ServiceConfig,
  base: string,
): ServiceFieldRules | undefined {
  const toRules = ({ request, response }: NonNullable<typeof fields>): FieldRules => ({
    request: request.map((rule) => fieldRuleOf(rule, (path) => resolve(base, path))),
    response: response.map((rule) => fieldRuleOf(rule, (path) => resolve(base, path))),
  });
  const byRoute = routes.flatMap((route, index) =>
    route.fields === undefined
      ? []
      : [[formatPath(['services', name, 'routes', index]), toRules(route.fields)] as const],
  );
  if (fields === undefined && byRoute.length === 0) return undefined;
  return { service: fields && toRules(fields), routes: Object.fromEntries(byRoute) };
}

/** The rule as the proxy knows it. `resolvePath` makes paths of files absolute. */
function fieldRuleOf(rule: WrittenRule, resolvePath: (path: string) => string): FieldRule {
  const { remove, rename, replace } = rule;
  const conditions: WrittenCondition | undefined = rule.when;
  const condition = conditions && {
    ...conditions,
    method: listOf(conditions.method),
    status: rangesOf(conditions.status),
  };
  const isAlways: unknown = 'always' in rule ? rule.always : undefined;
  const common = { ...(condition && { when: condition }), ...(isAlways === true && { always: true }) };
  if (remove !== undefined) return { kind: 'remove', names: [remove].flat(), ...common };
  if (rename !== undefined) return { kind: 'rename', names: rename, ...common };
  if (replace !== undefined) return { kind: 'replace', replacements: replace, ...common };
  const kind = rule.set === undefined ? (rule.add === undefined ? 'append' : 'add') : 'set';
  return { kind, values: fieldValuesOf(rule[kind] ?? {}, resolvePath), ...common };
}

/** The values of fields as the proxy knows them. `resolvePath` makes paths of files absolute. */
export function fieldValuesOf(
  written: Readonly<Record<string, string | WrittenSource>>,
  resolvePath: (path: string) => string,
): Readonly<Record<string, FieldValue>> {
  const values = Object.entries(written).map(([field, value]) => {
    return [field, typeof value === 'string' ? value : sourceOf(value, resolvePath)] as const;
  });
  return Object.fromEntries(values);
}

function sourceOf(
  { file, env, prefix: before, secret }: WrittenSource,
  resolvePath: (path: string) => string,
): FieldValue {
  const common = { secret, ...(before !== undefined && { prefix: before }) };
  if (file !== undefined) return { file: resolvePath(file), ...common };
  if (env !== undefined) return { env, ...common };
  throw new Error('A value has neither a file nor a variable.');
}

function listOf(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value;
}

type Range = readonly [from: number, to: number];

function rangesOf(value: Range | readonly Range[] | undefined): readonly Range[] | undefined {
  return isRange(value) ? [value] : value;
}

function isRange(value: Range | readonly Range[] | undefined): value is Range {
  return typeof value?.[0] === 'number';
}
