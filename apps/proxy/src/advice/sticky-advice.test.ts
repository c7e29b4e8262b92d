import { expect, test } from 'vitest';
import type { PluginUse } from '../config/plugins/plugin-uses.ts';
import { stickyAdvice } from './sticky-advice.ts';

function use(type: string, options: Record<string, unknown>): PluginUse {
  const path = ['services', 'web', 'routes', 0, 'chainer'];
  return { provides: 'chainer', type, path, place: path.join('.'), options, routes: [] };
}

const uses = [
  use('pool', { sticky: { cookie: 'srv' } }),
  use('pool', { sticky: { cookie: 'srv', secret: 'correct horse battery' } }),
  use('pool', {}),
  use('other', { sticky: { cookie: 'srv' } }),
];

test('a cookie without any key that stays is warned of', () => {
  const warned = stickyAdvice(uses, undefined);
  expect(warned).toMatchObject([{ warning: true, path: ['services', 'web', 'routes', 0, 'chainer', 'sticky'] }]);
});

test('the key of the machine is enough', () => {
  expect(stickyAdvice(uses, new Uint8Array(32))).toEqual([]);
});
