import { expect, test } from 'vitest';
import { builtinRegistry } from '../plugins/load-plugins.ts';
import { pluginUses } from '../plugins/plugin-uses.ts';
import { configSchema } from '../schema/schema.ts';
import { referencesOf } from './check-references.ts';
import { checkOpenPorts } from './open-ports-check.ts';
import { formatPath } from '../problem/problem.ts';

function warned(mode: string, bind: string, ...chainers: readonly object[]): string[] {
  const routes = chainers.map((chainer) => ({ chainer }));
  const config = { listeners: [{ bind, service: 'web' }], services: { web: { mode, routes } } };
  const registry = builtinRegistry();
  const uses = pluginUses(config, registry);
  const problems = checkOpenPorts(config, referencesOf(configSchema, config, uses, registry), uses);
  expect(problems.every(({ warning }) => warning)).toBe(true);
  return problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const directed = { type: 'directed', remote: '192.0.2.1:0' };
const failover = { type: 'failover', hosts: ['192.0.2.1:80', '[2001:db8::1]:0', 'unix:/run/a:0'] };

test('a reverse or transparent service on an address may leave ports to the client', () => {
  expect(warned('reverse', '127.0.0.1:8080', directed, failover)).toEqual([]);
  expect(warned('transparent', '127.0.0.1:8080', directed)).toEqual([]);
});

test('clients of a unix socket address no port', () => {
  const clients = 'clients of a unix socket address none';
  expect(warned('reverse', 'unix:/run/in.sock', directed, failover)).toEqual([
    expect.stringMatching(`services.web.routes\\[0\\].chainer.remote: .*${clients}`),
    expect.stringMatching(`services.web.routes\\[1\\].chainer.hosts\\[1\\]: .*${clients}`),
  ]);
});

test('clients of a forward proxy address the proxy', () => {
  const nested = { type: 'sidestack', chainer: directed };
  expect(warned('forward', '127.0.0.1:3128', nested)).toEqual([
    expect.stringMatching(/^services\.web\.routes\[0\]\.chainer\.chainer\.remote: .*mode forward/),
  ]);
});

test('servers with a port, and what is no server, are passed over', () => {
  const others = [{ type: 'directed', remote: '192.0.2.1:80' }, { type: 'inband' }, { type: 'failover', hosts: 7 }];
  expect(warned('forward', '127.0.0.1:3128', ...others, { type: 'directed' })).toEqual([]);
});
