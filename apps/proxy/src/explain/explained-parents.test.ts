// oxlint-disable unicorn/no-thenable -- `then` is an option of parents, and no function
import { expect, test } from 'vitest';
import { address } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import { explain } from './explain.ts';
import { type Explanation, formatExplanation } from './explanation.ts';

const PARENT = '198.51.100.1:3128';

async function explained(url: string, more: Record<string, unknown> = {}, method = 'GET'): Promise<Explanation> {
  const source = {
    value: {
      listeners: [{ bind: '127.0.0.1:8080', service: 'browser' }],
      services: {
        browser: {
          mode: 'forward',
          access: [{ allow: { hosts: ['*.example'] } }],
          routes: [{ chainer: { type: 'parent', protocol: 'http', servers: [PARENT], ...more } }],
        },
      },
    },
    baseDirectory: '/',
  };
  const query = { client: address('127.0.0.1', 4000), listener: 0, method, url };
  return explain(await parseConfig(source), source, query);
}

function serversOf(explanation: Explanation): string[] {
  const lines = formatExplanation(explanation).split('\n');
  return lines.filter((line) => line.startsWith('server:')).map((line) => line.replace(/^server: +/, ''));
}

test('shows the parent, what it is asked for, who resolves the name, and the rule about the target', async () => {
  const [plain, tunnel, literal] = [
    await explained('http://shop.example/'),
    await explained('shop.example:443', { protocol: 'socks5' }, 'CONNECT'),
    await explained('http://127.0.0.9/'),
  ];
  const rule = 'services.browser.access[0]';
  expect(serversOf(plain)).toEqual([
    `${PARENT} in reserved, parent, asked by the whole URL for shop.example:80, whose name it resolves: allow (${rule})`,
  ]);
  expect(serversOf(tunnel)).toEqual([
    `${PARENT} in reserved, parent, asked by SOCKS5 for shop.example:443, whose name it resolves: allow (${rule})`,
  ]);
  expect(serversOf(literal)).toEqual([
    `${PARENT} in reserved, parent, asked by the whole URL for 127.0.0.9:80: allow (default: allowed)`,
  ]);
  expect([plain, tunnel, literal].map(({ verdict, rule: by }) => [verdict, by])).toEqual([
    ['allow', rule],
    ['allow', rule],
    ['allow', 'default: allowed'],
  ]);
});

test('says that a name needs a rule, where the parent resolves it', async () => {
  const denied = await explained('http://shop.test/');
  expect(denied).toMatchObject({
    verdict: 'deny',
    rule: 'default: servers that only a parent proxy resolves',
    reason: expect.stringContaining('"hosts"'),
    servers: [],
  });
});

test('shows what a parent is asked for by the chainer that goes through it', async () => {
  const explanation = await explained('http://shop.example/', {
    then: { type: 'directed', remote: '198.51.100.9:80' },
  });
  expect(serversOf(explanation)).toEqual([
    `${PARENT} in reserved, parent, asked by CONNECT for 198.51.100.9:80: allow (services.browser.access[0])`,
  ]);
});
