import { expect, test } from 'vitest';
import { parseConfig } from '../../parse-config.ts';

const servers = ['10.0.0.1:80', { address: '10.0.0.2:80' }];

/** What the configuration is warned of. */
async function warningsOf(pool: object, service: object = { mode: 'reverse' }): Promise<readonly string[]> {
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { ...service, routes: [{ chainer: { type: 'pool', servers, ...pool } }] } },
  };
  const { warnings } = await parseConfig({ value, baseDirectory: '/' });
  return warnings;
}

test('a queue without a limit, in which nobody would wait, is warned of', async () => {
  const queue = { size: 5 };
  const warnings = await warningsOf({ queue });
  expect(warnings).toEqual([expect.stringMatching(/chainer\.queue: warning: this has no effect/)]);
  expect(await warningsOf({ queue, maxConnections: 10 })).toEqual([]);
  expect(await warningsOf({ queue, servers: ['10.0.0.1:80', { address: '10.0.0.2:80', maxConnections: 3 }] })).toEqual(
    [],
  );
  expect(await warningsOf({})).toEqual([]);
});

test('the queue of parents, too', async () => {
  const parents = { type: 'parent', protocol: 'http', resolve: 'local' };
  const warnings = await warningsOf({ ...parents, queue: { timeout: '2s' } }, { mode: 'forward' });
  expect(warnings).toEqual([expect.stringContaining('chainer.queue: warning: this has no effect')]);
});

test('a cookie that every site would set, in mode forward, is warned of', async () => {
  const sticky = { cookie: 'srv', secret: 'correct horse battery' };
  const [warning] = await warningsOf({ sticky }, { mode: 'forward' });
  expect(warning).toMatch(/chainer\.sticky: warning: clients of the service "web" get this cookie from every site/);
  expect(await warningsOf({ sticky })).toEqual([]);
});
