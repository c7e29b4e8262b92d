import { expect, test } from 'vitest';
import { AbstractChainer } from './routing/chainer.ts';
import { ProxyError } from './base/errors.ts';
import { definePlugin, PluginRegistry, type ChainerPlugin, type ResolverPlugin } from './plugin.ts';
import type { Session } from './session/session.ts';

const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } };

function chainerPlugin(kind: string): ChainerPlugin {
  return definePlugin<unknown>({
    provides: 'chainer',
    kind,
    schema,
    create: () => ({ kind, connectServer: () => Promise.reject(new Error('no')) }),
  });
}

const resolverPlugin: ResolverPlugin = definePlugin<unknown>({
  provides: 'resolver',
  kind: 'geo',
  schema,
  create: () => {
    throw new Error('not made');
  },
});

test('plugins are found by what they provide and their kind', () => {
  const registry = new PluginRegistry();
  const geo = chainerPlugin('geo');
  for (const plugin of [geo, resolverPlugin, chainerPlugin('best')]) registry.register(plugin);
  expect(registry.chainer('geo')).toBe(geo);
  expect(registry.resolver('geo')).toBe(resolverPlugin);
  expect(registry.chainer('none')).toBeUndefined();
  expect(registry.resolver('best')).toBeUndefined();
  expect(registry.kinds('chainer')).toEqual(['best', 'geo']);
  expect(registry.kinds('resolver')).toEqual(['geo']);
});

test('two plugins of one kind are a configuration error', () => {
  const registry = new PluginRegistry();
  registry.register(chainerPlugin('geo'));
  expect(() => registry.register(chainerPlugin('geo'))).toThrow(ProxyError);
  expect(() => registry.register(chainerPlugin('geo'))).toThrow('two plugins for the chainer "geo"');
});

test('a chainer that does not say how it connects rejects with NotImplementedError', async () => {
  class Idle extends AbstractChainer {
    readonly kind = 'idle';
  }
  const chainer = new Idle(() => Promise.reject(new Error('not called')));
  await expect(chainer.connectServer({} as Session, 'a', 1)).rejects.toMatchObject({ name: 'NotImplementedError' });
});
