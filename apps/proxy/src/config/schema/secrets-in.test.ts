import { builtinChainers } from '@inband/chainers';
import { definePlugin, PluginRegistry } from '@inband/core';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { builtinAuth } from '../auth/builtin-auth.ts';
import { configSchema } from './schema.ts';
import { REDACTED } from '../../secrets/secret-texts.ts';
import { redacted } from './secrets-in.ts';

const schema = z.strictObject({
  name: z.string(),
  tokens: z.record(
    z.string(),
    z.strictObject({ role: z.string(), hash: z.string().meta({ writeOnly: true }).describe('A hash.') }),
  ),
  key: z.union([z.number(), z.string()]).optional().meta({ writeOnly: true }),
});

test('what the schema marks is redacted, and nothing else', () => {
  const written = { name: 'a', tokens: { ops: { role: 'read', hash: 'abc' } }, key: 5 };
  expect(redacted(schema, written)).toEqual({
    name: 'a',
    tokens: { ops: { role: 'read', hash: REDACTED } },
    key: REDACTED,
  });
  expect(redacted(schema, { name: 'a' })).toEqual({ name: 'a' });
});

test('options of a chainer are redacted by the schema of its plugin, and by their names', () => {
  const registry = new PluginRegistry();
  registry.register(
    definePlugin<object>({
      provides: 'chainer',
      kind: 'parent',
      schema: z.looseObject({ pin: z.string().meta({ writeOnly: true }) }),
      create: () => ({ kind: 'parent', connectServer: () => Promise.reject(new Error('No.')) }),
    }),
  );
  const chainer = { type: 'parent', pin: '1234', password: 'p', auth: { apiKey: 'k', user: 'me' }, host: 'h' };
  expect(redacted(z.looseObject({}), { routes: [{ chainer }], token: 'not an option' }, registry)).toEqual({
    routes: [
      {
        chainer: {
          type: 'parent',
          pin: REDACTED,
          password: REDACTED,
          auth: { apiKey: REDACTED, user: 'me' },
          host: 'h',
        },
      },
    ],
    token: 'not an option',
  });
});

test('options of a DNS service are, too', () => {
  const registry = new PluginRegistry();
  registry.register(
    definePlugin<object>({
      provides: 'acme-dns',
      kind: 'zone',
      schema: z.looseObject({ pin: z.string().meta({ writeOnly: true }) }),
      create: () => ({ addText: () => Promise.resolve(), removeText: () => Promise.resolve() }),
    }),
  );
  const written = { acme: { challenge: { type: 'zone', pin: '1234', apiKey: 'k', zone: 'z' } } };
  expect(redacted(z.looseObject({}), written, registry)).toEqual({
    acme: { challenge: { type: 'zone', pin: REDACTED, apiKey: REDACTED, zone: 'z' } },
  });
});

test('a user in a URL is redacted, and what is no JSON is named', () => {
  const plugin = definePlugin<object>({
    provides: 'resolver',
    kind: 'mine',
    schema: z.object({}),
    create: () => ({ resolve: () => Promise.reject(new Error('No.')) }),
  });
  expect(redacted(z.any(), 'http://me:p@ss@host/x?mail=a@b')).toBe(`http://${REDACTED}@host/x?mail=a@b`);
  expect(redacted(z.any(), { url: 'see http://me:pw@host/x', plugins: [plugin], f: function named() {} })).toEqual({
    url: `see http://${REDACTED}@host/x`,
    plugins: ['[plugin mine]'],
    f: '[function named]',
  });
});

test('secrets of the configuration itself are redacted, wherever they stand', () => {
  const registry = new PluginRegistry();
  for (const plugin of [...builtinChainers, ...builtinAuth]) registry.register(plugin);
  const HASH = '$2y$12$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde';
  const parent = { type: 'parent', servers: ['10.1.1.1:1080'], auth: { user: 'u', password: 'SECRET1' } };
  const pool = { type: 'pool', servers: ['10.1.1.1:80'], sticky: { cookie: 'srv', secret: ['SECRET2', 'SECRET3'] } };
  const auth = { type: 'basic', realm: 'build', users: { ci: HASH } };
  const shown = redacted(
    configSchema,
    {
      chainers: { out: parent },
      services: {
        one: { mode: 'forward', auth, routes: [{ chainer: { type: 'sidestack', service: 'two', chainer: parent } }] },
        two: {
          mode: 'reverse',
          auth: [{ type: 'certificate' }, auth],
          routes: [{ chainer: pool }, { chainer: 'out' }],
        },
      },
    },
    registry,
  );
  const text = JSON.stringify(shown);
  expect(text).not.toMatch(/SECRET\d|\$2y/);
  expect(text).toContain('"ci"');
  expect(text).toContain('"user":"u"');
});

test.each([
  { type: 'redis', url: 'redis://ann:SECRET1@limits.internal', password: 'SECRET2' },
  { type: 'nats', url: 'nats://SECRET1@limits.internal', token: 'SECRET2' },
])('what opens the store %j is redacted, and where it is is not', (store) => {
  const text = JSON.stringify(redacted(configSchema, { store }));
  expect(text).not.toMatch(/SECRET\d/);
  expect(text).toContain('limits.internal');
});

test('values of fields that carry logins are redacted, and where they are from is not', () => {
  const set = {
    Authorization: 'Bearer SECRET',
    'x-api-key': 'SECRET',
    'X-Auth-Token': 'SECRET',
    'private-token': 'SECRET',
    'x-user': '{user}',
    'x-keyboard': 'de',
    cookie: { file: 'cookie.txt' },
  };
  const fields = { request: [{ set }, { add: { Cookie: 'SECRET' }, when: { field: { cookie: false } } }] };
  const respond = { fields: { 'set-cookie': 'SECRET', 'x-a': 'b' } };
  const shown = redacted(configSchema, {
    services: { web: { mode: 'reverse', fields, routes: [{ respond, fields }] } },
  });
  const expected = {
    request: [
      {
        set: {
          ...set,
          Authorization: REDACTED,
          'x-api-key': REDACTED,
          'X-Auth-Token': REDACTED,
          'private-token': REDACTED,
        },
      },
      { add: { Cookie: REDACTED }, when: { field: { cookie: false } } },
    ],
  };
  const route = { respond: { fields: { 'set-cookie': REDACTED, 'x-a': 'b' } }, fields: expected };
  expect(shown).toEqual({ services: { web: { mode: 'reverse', fields: expected, routes: [route] } } });
});

test('of an instance of a class there is its name, because it may hold anything, and itself', () => {
  class Client {
    readonly self = this;
    readonly key = 'k';
  }
  const chainer = { type: 'own', client: new Client(), since: new Date(0) };
  expect(redacted(z.looseObject({}), { chainer })).toEqual({
    chainer: { type: 'own', client: '[Client]', since: '[Date]' },
  });
});
