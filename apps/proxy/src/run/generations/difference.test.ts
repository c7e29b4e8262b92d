import { expect, test } from 'vitest';
import { parseConfig } from '../../config/parse-config.ts';
import type { ConfigInput } from '../../config/input/config-input.ts';
import { planOf } from '../plan/plan.ts';
import type { Plan } from '../plan/planned.ts';
import { type ConfiguredPart, differenceFields, differenceOf } from './difference.ts';
import { unchangeableIn } from './unchangeable.ts';

type Routes = NonNullable<ConfigInput['services'][string]['routes']>;

const direct = { chainer: { type: 'inband' as const } };
const to = (port: number) => ({
  match: { host: `h${port}` },
  chainer: { type: 'directed' as const, remote: `192.0.2.1:${port}` },
});

async function plan(routes: Routes, more: Partial<ConfigInput> = {}): Promise<Plan> {
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
    services: { web: { mode: 'forward', routes } },
    ...more,
  };
  return planOf(await parseConfig({ value, baseDirectory: '/' }));
}

const names = (parts: readonly ConfiguredPart[]) => parts.map(({ kind, name }) => `${kind} ${name}`);

test('a route that goes takes its chainer with it, and the chainer of one that moves up is kept', async () => {
  const difference = differenceOf(await plan([to(1), to(2), direct]), await plan([to(2), direct]));
  const { dropped, changed, kept } = difference;
  expect(names(dropped)).toEqual(['chainer services.web.routes[0].chainer', 'route services.web.routes[2]']);
  expect(names(changed)).toContain('route services.web.routes[0]');
  expect(names(kept)).toContain('chainer services.web.routes[0].chainer');
  expect(names(kept)).toContain('chainer services.web.routes[1].chainer');
});

test('what is added is not changed', async () => {
  const { added, changed } = differenceOf(await plan([direct]), await plan([to(1), direct]));
  expect(names(added)).toEqual(['chainer services.web.routes[0].chainer', 'route services.web.routes[1]']);
  expect(names(changed)).toContain('route services.web.routes[0]');
});

test('the line of a large difference has twenty names, and the number of the others', async () => {
  const many = Array.from({ length: 30 }, (_, index) => to(index + 1));
  const difference = differenceOf(await plan([direct]), await plan([...many, direct]));
  const { added } = differenceFields(difference);
  expect(added).toHaveLength(21);
  expect(added).toHaveProperty('20', `and ${difference.added.length - 20} more`);
});

test('each setting that a reload cannot change is named, and why', async () => {
  const before = await plan([direct]);
  const after = await plan([direct], {
    transport: 'node',
    workers: 3,
    limits: { connections: 5 },
    log: { level: 'warn', format: 'json' },
  });
  const problems = unchangeableIn(before, after);
  const message = expect.stringContaining('because every open socket belongs to its transport');
  expect(problems).toEqual([{ path: ['transport'], message }]);
  expect(unchangeableIn(after, after)).toEqual([]);
});
