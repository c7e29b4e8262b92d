// oxlint-disable unicorn/no-thenable -- `then` is an option of parents, and no function
import { expect, test } from 'vitest';
import { formatPath } from '../problem/problem.ts';
import { checkParents } from './check-parents.ts';

const PATH = ['services', 'web', 'routes', 0, 'chainer'];
const routes = [PATH.slice(0, -1)];

function problems(
  options: Record<string, unknown>,
  access: unknown[],
  nested: Record<string, unknown> = {},
  type = 'parent',
) {
  const place = formatPath(PATH);
  const parent = { provides: 'chainer', type, path: PATH, place, options, routes } as const;
  const then = { path: [...PATH, 'then'], place: `${place}.then` };
  const carried = { provides: 'chainer', type: 'directed', ...then, options: nested, routes } as const;
  const config = { services: { web: { access, routes: [{ chainer: { type, ...options } }] } } };
  return checkParents(config, [parent, carried]).map(({ path, message, warning }) => {
    return [path.slice(2).join('.'), warning === true ? 'warning' : 'error', message.split(':')[0]];
  });
}

const BY_NAME = { allow: { hosts: ['*'] } };

test('without a rule that allows hosts no name gets through', () => {
  const expected = ['routes.0.chainer', 'warning', 'no name gets through a parent'];
  expect(problems({}, [])).toEqual([expected]);
  expect(problems({}, [{ allow: { clients: ['private'] } }])).toEqual([expected]);
  expect(problems({ then: { type: 'inband' } }, [])).toEqual([expected]);
  expect(problems({}, [BY_NAME])).toEqual([]);
});

test('nor by a parent that is found while clients are served', () => {
  const expected = ['routes.0.chainer', 'warning', 'no name gets through a parent'];
  for (const type of ['pac', 'environment']) {
    expect(problems({}, [], {}, type)).toEqual([expected]);
    expect(problems({}, [BY_NAME], {}, type)).toEqual([]);
  }
  expect(problems({ resolve: 'local' }, [], {}, 'pac')).toEqual([]);
});

test('where this proxy resolves names, or the operator names the servers, rules are kept', () => {
  expect(problems({ resolve: 'local' }, [])).toEqual([]);
  expect(problems({ then: { type: 'directed' } }, [{ deny: { servers: ['private'] } }])).toEqual([]);
});

test('a rule about addresses is not kept for names', () => {
  const message = 'this is not kept for names that go by routes[0].chainer';
  const rules = [{ deny: { servers: ['private'] } }, BY_NAME];
  expect(problems({}, rules).map(([path, kind]) => [path, kind])).toEqual([['access.0.deny.servers', 'warning']]);
  expect(problems({}, rules)[0]?.[2]).toContain(message.slice(0, 36));
});

test('of many routes by which it is not kept one is named', () => {
  const uses = [0, 1, 2].map((index) => {
    const route = ['services', 'web', 'routes', index];
    const path = [...route, 'chainer'];
    return { provides: 'chainer', type: 'pac', path, place: formatPath(path), options: {}, routes: [route] } as const;
  });
  const config = { services: { web: { access: [{ deny: { servers: ['private'] } }, BY_NAME] } } };
  const told = (count: number): string[] => checkParents(config, uses.slice(0, count)).map(({ message }) => message);
  expect(told(1)).toEqual([expect.stringContaining('that go by routes[0], whose parent')]);
  expect(told(2)).toEqual([expect.stringContaining('that go by routes[0] and another route, whose parent')]);
  expect(told(3)).toEqual([expect.stringContaining('that go by routes[0] and 2 other routes, whose parent')]);
});

test('a connection through a parent has no local address here', () => {
  expect(problems({ then: { type: 'directed' } }, [], { local: '192.0.2.1', forgeAddr: true })).toEqual([
    ['routes.0.chainer.then.local', 'error', expect.stringContaining('comes from an address of that proxy')],
    ['routes.0.chainer.then.forgeAddr', 'error', expect.stringContaining('comes from an address of that proxy')],
  ]);
});
