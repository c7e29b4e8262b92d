import { directedOptions, serverAddress, serviceName, zoneName, zoneOrAddress } from '@inband/chainers';
import { definePlugin } from '@inband/core';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { builtinRegistry } from '../plugins/load-plugins.ts';
import { pluginUses } from '../plugins/plugin-uses.ts';
import { formatPath } from '../problem/problem.ts';
import { configSchema } from '../schema/schema.ts';
import { referencesIn } from '../schema/references-in.ts';
import { oneOrMore } from '../values/one-or-more.ts';
import { checkReferences, referencesOf } from './check-references.ts';

/** A field that no version has had, deep in what schemas can be made of. */
const madeUp = z
  .strictObject({
    quotas: z
      .array(
        z
          .strictObject({
            of: oneOrMore(zoneOrAddress.describe('Who.'), 'a zone').optional(),
            more: z.record(zoneName, z.union([serviceName, z.tuple([zoneName], zoneName)])).default({}),
          })
          .superRefine(() => undefined)
          .transform((quota) => quota),
      )
      .prefault([]),
    later: z.lazy(() => zoneName.nullable()).readonly(),
    both: z.intersection(z.looseObject({ a: zoneName }), z.looseObject({ b: zoneName })),
    made: z.preprocess((written) => written, zoneName),
  })
  .meta({ description: 'made up' });

const written = {
  quotas: [
    { of: 'office', more: { dmz: 'web', lab: ['x', 'y'] } },
    { of: ['192.0.2.0/24', 'berlin'], unknown: 'z' },
  ],
  later: 'night',
  both: { a: 'one', b: 'two' },
  made: 'three',
};

test('every reference of a field that is new is found by its schema', () => {
  const found = referencesIn(madeUp, written, ['new']);
  expect(found.map(({ to, name, at, path }) => `${formatPath(path)} ${at}: ${to} ${name}`).toSorted()).toEqual([
    'new.both.a value: zone one',
    'new.both.b value: zone two',
    'new.later value: zone night',
    'new.made value: zone three',
    'new.quotas[0].more.dmz key: zone dmz',
    'new.quotas[0].more.dmz value: service web',
    'new.quotas[0].more.lab key: zone lab',
    'new.quotas[0].more.lab[0] value: zone x',
    'new.quotas[0].more.lab[1] value: zone y',
    'new.quotas[0].of value: zone-or-address office',
    'new.quotas[1].of[0] value: zone-or-address 192.0.2.0/24',
    'new.quotas[1].of[1] value: zone-or-address berlin',
  ]);
});

test('what has the wrong shape, and a schema that is not zod, have none', () => {
  const wrong = [7, null, undefined, 'text', [], { quotas: 7, later: [], both: 'x' }, { quotas: [7, { of: {} }] }];
  expect(wrong.flatMap((value) => referencesIn(madeUp, value))).toEqual([]);
  const foreign = { '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }) } };
  for (const schema of [foreign, undefined, { _zod: {} }]) expect(referencesIn(schema, { zone: 'x' })).toEqual([]);
});

test('what a new field names must exist', () => {
  const config = { zones: { office: ['192.0.2.0/24'] }, services: { web: {} } };
  const schema = configSchema.extend({
    quota: z.record(zoneName, oneOrMore(zoneOrAddress, 'a zone')),
    next: serviceName,
  });
  const problemsOf = (more: object) => {
    const all = { ...config, ...more };
    return checkReferences(all, referencesOf(schema, all, [], builtinRegistry())).map(
      ({ path, at, message }) => `${formatPath(path)} (${at}): ${message}`,
    );
  };
  expect(problemsOf({ quota: { office: ['private', '::1', 'office'] }, next: 'web' })).toEqual([]);
  expect(problemsOf({ quota: { ofice: ['pirvate', '10.0.0.1/8'] }, next: 'wbe' })).toEqual([
    'quota.ofice[0] (value): unknown zone "pirvate"; did you mean "private"?',
    expect.stringMatching(/^quota\.ofice\[1\] \(value\): "10\.0\.0\.1\/8" has bits set beyond its prefix/),
    'quota.ofice (key): unknown zone "ofice"; did you mean "office"?',
    'next (value): unknown service "wbe"; did you mean "web"?',
  ]);
});

test('the options of a plugin are checked by its schema, wherever the plugin is used', () => {
  const registry = builtinRegistry();
  const schema = z.strictObject({ servers: z.record(zoneName, serverAddress), open: directedOptions.shape.remote });
  registry.register(
    definePlugin({ provides: 'chainer', kind: 'zone', schema, create: () => ({ kind: 'zone', connectServer: never }) }),
  );
  const chainer = { type: 'zone', servers: { publik: '192.0.2.1:80' }, open: '192.0.2.1:0' };
  const nested = { type: 'sidestack', service: 'wbe', chainer };
  const config = { services: { web: { routes: [{ chainer: nested }] } } };
  const found = referencesOf(configSchema, config, pluginUses(config, registry), registry);
  expect(checkReferences(config, found).map(({ path, message }) => `${formatPath(path)}: ${message}`)).toEqual([
    'services.web.routes[0].chainer.service: unknown service "wbe"; did you mean "web"?',
    'services.web.routes[0].chainer.chainer.servers.publik: unknown zone "publik"; did you mean "public"?',
  ]);
  expect(found.filter(({ to }) => to === 'server-or-port').map(({ path }) => formatPath(path))).toEqual([
    'services.web.routes[0].chainer.chainer.open',
  ]);
});

function never(): never {
  throw new Error('It does not connect.');
}
