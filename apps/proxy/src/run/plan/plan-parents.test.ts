// oxlint-disable unicorn/no-thenable -- `then` is an option of parents, and no function
import { expect, test } from 'vitest';
import { planFor } from '../../../test-support/plans.ts';
import type { Plan, Planned } from './planned.ts';

const PARENT = { type: 'parent', protocol: 'http', servers: ['198.51.100.1:3128'] };
const SERVER = { type: 'directed', remote: '198.51.100.9:80' };

async function chainersOf(...chainers: readonly unknown[]): Promise<Planned<'chainer'>[]> {
  const routes = chainers.map((chainer, index) => ({ match: { port: 8000 + index }, chainer }));
  const plan: Plan = await planFor(
    { listeners: [{ bind: ':0', service: 'a' }], services: { a: { mode: 'forward', routes } } },
    '/',
  );
  return plan.all.filter((planned): planned is Planned<'chainer'> => planned.kind === 'chainer');
}

test('a chainer behind a parent is another one than the same chainer elsewhere', async () => {
  const chainers = await chainersOf(SERVER, { ...PARENT, then: SERVER });
  const directed = chainers.filter(({ value }) => value.type === 'directed');
  expect(new Set(directed.map(({ hash }) => hash)).size).toBe(2);
  const carrier = chainers.find(({ hash }) => hash === directed[1]?.value.through?.hash);
  expect(carrier?.value).toMatchObject({ type: 'parent', nested: {}, through: undefined });
});

test('what carries is another one with other options of its own, and not with another chainer behind it', async () => {
  const carrierOf = async (more: object): Promise<string | undefined> => {
    const chainers = await chainersOf({ ...PARENT, ...more });
    return chainers.find(({ value }) => Object.keys(value.carriers).length > 0)?.value.carriers.then?.hash;
  };
  const first = await carrierOf({ then: SERVER });
  expect(await carrierOf({ then: { type: 'inband' } })).toBe(first);
  expect(await carrierOf({ then: SERVER, connectTimeout: '1s' })).not.toBe(first);
});

test('a parent dials, whatever is behind it', async () => {
  const chainers = await chainersOf(PARENT, { ...PARENT, then: SERVER });
  expect(chainers.some(({ value }) => value.picksUp)).toBe(false);
});

test('parents in a row go through one another', async () => {
  const inner = { ...PARENT, servers: ['198.51.100.2:3128'] };
  const chainers = await chainersOf({ ...PARENT, then: { ...inner, then: SERVER } });
  const byHash = new Map(chainers.map((planned) => [planned.hash, planned]));
  const server = chainers.find(({ value }) => value.type === 'directed');
  const second = byHash.get(server?.value.through?.hash ?? '');
  const first = byHash.get(second?.value.through?.hash ?? '');
  expect([second, first].map((planned) => JSON.stringify(planned?.value.options).includes('198.51.100.2'))).toEqual([
    true,
    false,
  ]);
  expect(first?.value.through).toBeUndefined();
});
