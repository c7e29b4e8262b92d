import type { ServiceMode } from '@inband/core';
import * as z from 'zod';
import { trustedProxies } from '../../client/trusted-proxies.ts';
import { filter } from '../../filters/filters.ts';
import { limitProblems, serviceLimits } from '../../limits/service-limits.ts';
import { accessRule } from './access.ts';
import { auth } from './auth.ts';
import { fieldRules } from './fields.ts';
import { http } from './http.ts';
import { natRule } from './nat.ts';
import { route } from './route.ts';
import { tls } from './tls-guard.ts';

const modes: readonly [ServiceMode, ...ServiceMode[]] = ['forward', 'reverse', 'transparent'];
const MODES_EXPECTED = '"forward", "reverse" or "transparent"';

const serviceShape = z.strictObject({
  proxy: z
    .enum(['http', 'tls'])
    .default('http')
    .describe('What clients speak. tls: a guard that lets a tunnel go on only if it is TLS for the right host.'),
  mode: z.enum(modes).optional().describe('How clients find the proxy. Required for http.'),
  trustedProxies: trustedProxies
    .optional()
    .describe(
      'Proxies that are believed when they say who their client is, by X-Forwarded-For, Forwarded or the PROXY protocol. Left out: nobody is.',
    ),
  auth: auth
    .optional()
    .describe('How clients say who they are: one way, or a list that is tried in order. Left out: they are not asked.'),
  access: z.array(accessRule).default([]).describe('Who may go where. First match decides, then the safe defaults.'),
  routes: z
    .array(route)
    .min(1)
    .prefault([{}])
    .describe('How servers are reached. First match decides. Left out: one route that takes everything.'),
  nat: z
    .array(natRule)
    .default([])
    .describe(
      'Address translation. The first dnat and the first snat that match decide. Access rules are evaluated with the result.',
    ),
  fields: fieldRules.optional().describe('How fields of requests and answers are changed.'),
  filters: z
    .array(filter)
    .min(1)
    .optional()
    .describe('What looks at requests, answers and tunnels, in order, and may change them.'),
  limits: serviceLimits.optional(),
  http: http.optional(),
  tls: tls.optional(),
});

/** A service of `services`. */
export const service = serviceShape
  .superRefine(
    (
      { proxy, mode, auth: ways, routes, fields, filters, limits: ownLimits, http: httpSettings, tls: tlsSettings },
      context,
    ) => {
      const complain = (key: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [key], message });
      for (const problem of limitProblems({ proxy, auth: ways, limits: ownLimits }))
        context.addIssue({ code: 'custom', ...problem });
      if (proxy === 'tls') {
        if (routes.some((one) => one.respond !== undefined || one.redirect !== undefined))
          complain('routes', 'a TLS guard reads no requests, so that none of its routes can respond or redirect.');
        if (routes.some((one) => one.rewrite !== undefined))
          complain('routes', 'a TLS guard reads no requests, so that none of its routes can rewrite them.');
        if (fields !== undefined || routes.some((one) => one.fields !== undefined))
          complain(
            fields === undefined ? 'routes' : 'fields',
            'a TLS guard reads no requests, so that it cannot change fields.',
          );
        if (filters !== undefined) complain('filters', 'a TLS guard reads no requests that a filter could look at.');
        if (mode !== undefined && mode !== 'transparent') complain('mode', 'a TLS guard is always "transparent".');
        if (httpSettings !== undefined)
          complain('http', 'these are settings of an HTTP service, and this one is a TLS guard.');
        return;
      }
      if (mode === undefined) complain('mode', `expected ${MODES_EXPECTED}, found nothing`);
      if (tlsSettings !== undefined)
        complain(
          'tls',
          'these are settings of a TLS guard, which "proxy: tls" would make of this service. TLS with clients is a setting of a listener, with servers of a chainer.',
        );
    },
  )
  .meta({ if: { required: ['proxy'], properties: { proxy: { const: 'tls' } } }, else: { required: ['mode'] } })
  .transform((written) => ({ ...written, mode: written.mode ?? 'transparent' }));
