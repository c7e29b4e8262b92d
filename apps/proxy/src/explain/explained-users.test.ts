import { expect, test } from 'vitest';
import { address } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import { explain } from './explain.ts';
import type { ExplainQuery } from './explain-query.ts';
import { formatExplanation } from './explanation.ts';

const hash = '$scrypt$ln=4,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const services = {
  out: {
    mode: 'forward',
    auth: [
      // Nobody listens there, and nobody is asked.
      { type: 'http', url: 'http://127.0.0.1:1/' },
      { type: 'address', zones: ['build'], groups: { jobs: ['build'] } },
      { type: 'basic', users: { ann: hash } },
    ],
    access: [
      { allow: { groups: ['jobs'], ports: [80] } },
      { allow: { users: ['ann'] } },
      { deny: { reason: 'Not for you.' } },
    ],
    nat: [{ snat: { users: ['ann'], to: '192.0.2.7' } }],
    routes: [{ chainer: { type: 'inband' } }],
  },
  open: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] },
};
const value = {
  zones: { build: ['10.1.0.0/16'] },
  listeners: [
    { bind: '127.0.0.1:3128', service: 'out' },
    { bind: '127.0.0.1:3129', service: 'open' },
  ],
  services,
};

async function explained(query: Partial<ExplainQuery>) {
  const source = { value, baseDirectory: '/nowhere' };
  const parsed = await parseConfig(source);
  const usual = { client: address('10.2.0.1', 49_152), listener: 0, method: 'GET', url: 'http://8.8.8.8/' };
  return explain(parsed, source, { ...usual, ...query });
}

test('a request is explained for a user and groups that are named, whose credentials nobody has to know', async () => {
  expect(await explained({ user: 'ann' })).toMatchObject({
    verdict: 'allow',
    user: 'ann',
    groups: [],
    rule: 'services.out.access[1]',
    servers: [{ from: '192.0.2.7:0' }],
  });
  const job = await explained({ user: 'ci', groups: ['jobs', 'all'] });
  expect(job).toMatchObject({ verdict: 'allow', rule: 'services.out.access[0]' });
  expect(job.servers[0]).not.toHaveProperty('from');
  expect(formatExplanation(job)).toContain('user:    ci in jobs, all\n');
  expect(await explained({ user: 'bob' })).toMatchObject({ verdict: 'deny', reason: 'Not for you.' });
});

test('without a user it has shown no credentials: who its connection says it is counts, and others are refused', async () => {
  const client = address('10.1.0.1', 49_152);
  expect(await explained({ client })).toMatchObject({ verdict: 'allow', user: 'build', groups: ['jobs'] });
  const nobody = await explained({});
  expect(nobody).toMatchObject({ verdict: 'deny', status: 407, rule: 'services.out.auth' });
  expect(nobody).not.toHaveProperty('user');
});

test('a service without authentication has no users to explain', async () => {
  const found = explained({ listener: 1, user: 'ann' });
  await expect(found).rejects.toThrow('The service "open" has no "auth", so that its clients have no users.');
});
