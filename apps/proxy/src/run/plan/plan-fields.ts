import type { FieldRules, ServiceFieldRules } from '@inband/http-proxy';
import { resolve } from 'node:path';
import { formatPath } from '../../config/problem/problem.ts';
import { fieldRuleOf } from '../../config/schema/fields.ts';
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
