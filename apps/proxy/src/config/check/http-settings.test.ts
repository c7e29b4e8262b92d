import { expect, test } from 'vitest';
import { parseConfig } from '../parse-config.ts';

const config = (mode: 'forward' | 'reverse', http: object): object => ({
  listeners: [{ bind: '127.0.0.1:3128', service: 'a' }],
  services: { a: { mode, http, routes: [{ chainer: { type: 'directed', remote: '127.0.0.1:1' } }] } },
});

test.each<['forward' | 'reverse', object, string]>([
  [
    'reverse',
    { connectPorts: [443] },
    'services.a.http.connectPorts: warning: this has no effect: there is no CONNECT',
  ],
  [
    'reverse',
    { ownPages: true },
    'services.a.http.ownPages: warning: this has no effect: only clients of a forward proxy',
  ],
  [
    'reverse',
    { pacDirect: ['a.example'] },
    'services.a.http.pacDirect: warning: this has no effect: only clients of a forward',
  ],
  [
    'forward',
    { ownPages: false, pacDirect: ['a'] },
    'services.a.http.pacDirect: warning: this has no effect without "ownPages"',
  ],
])('in mode %s a check warns of %j', async (mode, http, warning) => {
  const { warnings } = await parseConfig({ value: config(mode, http), baseDirectory: import.meta.dirname });
  expect(warnings).toEqual([expect.stringContaining(warning)]);
});

test('in mode forward a check says nothing of settings that have an effect', async () => {
  const value = config('forward', { connectPorts: [443], ownPages: true, pacDirect: ['a.example', 'private'] });
  expect((await parseConfig({ value, baseDirectory: import.meta.dirname })).warnings).toEqual([]);
});
