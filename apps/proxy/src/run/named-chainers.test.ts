import { describe, expect, test } from 'vitest';
import { planFor } from '../../test-support/plans.ts';
import { address, exchange } from '../../test-support/memory/memory-http.ts';
import { originAt, startInMemory } from '../../test-support/memory/memory-proxy.ts';
import { parseConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import type { ChainerInput, ConfigInput } from '../config/input/config-input.ts';

const [SHOP, BLOG] = [address('127.0.0.1', 8080), address('127.0.0.1', 8081)];
const GET = 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';

const pool: ChainerInput = { type: 'pool', servers: ['10.0.0.1:80', '10.0.0.2:80'], balance: 'round-robin' };

function config(chainers: Record<string, ChainerInput> = { web: pool }, shop = 'web', blog = 'web'): ConfigInput {
  return {
    chainers,
    listeners: [
      { bind: '127.0.0.1:8080', service: 'shop' },
      { bind: '127.0.0.1:8081', service: 'blog' },
    ],
    services: {
      shop: { mode: 'reverse', routes: [{ match: { path: '/x/' }, chainer: shop }, { chainer: shop }] },
      blog: { mode: 'reverse', routes: [{ chainer: blog }] },
    },
  };
}

describe('routes that name the same chainer', () => {
  test('share one object, also those of several services: it goes round over all of their requests', async () => {
    const { network } = await startInMemory(config());
    await originAt(network, '10.0.0.1', 'one');
    await originAt(network, '10.0.0.2', 'two');
    const answers: string[] = [];
    for (const proxy of [SHOP, BLOG, SHOP, BLOG]) {
      answers.push((await exchange(network, '127.0.0.1', proxy, GET)).slice(-3));
    }
    // The first of them is drawn.
    const [first, second] = answers;
    expect(new Set([first, second])).toEqual(new Set(['one', 'two']));
    expect(answers.slice(2)).toEqual([first, second]);
  });

  test('have it once in the plan, also tunnels and TLS that passes through, and it refers to no service', async () => {
    const { services, ...rest } = config();
    const guard = { proxy: 'tls', routes: [{ chainer: 'web' }] } as const;
    const tunnels = { mode: 'forward', routes: [{ match: { method: 'CONNECT' }, chainer: 'web' }] } as const;
    const listeners = [
      ...rest.listeners,
      { bind: '127.0.0.1:8443', service: 'guard', transparent: 'redirect' },
      { bind: '127.0.0.1:3128', service: 'tunnels' },
    ];
    const plan = await planFor({ ...rest, listeners, services: { ...services, guard, tunnels } }, '/');
    const chainers = plan.all.filter(({ kind }) => kind === 'chainer');
    expect(chainers.map(({ path }) => path)).toEqual([['chainers', 'web']]);
    const routes = plan.all.flatMap(({ kind, value }) =>
      kind === 'route' && 'chainer' in value ? [value.chainer] : [],
    );
    expect(routes).toHaveLength(5);
    expect(new Set(routes.map((ref) => ref && 'hash' in ref && ref.hash))).toEqual(new Set([chainers[0]?.hash]));
  });

  test('keep it through a reload in which only other things change, also when one of them goes', async () => {
    const { inband } = await startInMemory(config());
    const other: ChainerInput = { type: 'pool', servers: ['10.0.0.3:80'] };
    const reloaded = await inband.reload(config({ web: pool, other }, 'web', 'other'));
    const names = (parts: readonly { kind: string; name: string }[]) =>
      parts.map(({ kind, name }) => `${kind} ${name}`);
    expect(names(reloaded.kept)).toContain('chainer chainers.web');
    expect(names(reloaded.added)).toContain('chainer chainers.other');
  });

  test('get another one when it changes', async () => {
    const { inband } = await startInMemory(config());
    const reloaded = await inband.reload(config({ web: { ...pool, balance: 'p2c' } }));
    expect(reloaded.changed.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['chainers.web', 'services.shop.routes[0]', 'services.blog.routes[0]']),
    );
  });
});

test('a chainer may name another one that is nested in it', async () => {
  const outer: ChainerInput = { type: 'sidestack', service: 'blog', chainer: 'web' };
  const first = config({ web: pool, outer }, 'outer');
  const plan = await planFor(first, '/');
  const chainers = plan.all.filter(({ kind }) => kind === 'chainer');
  expect(chainers.map(({ path }) => path.join('.'))).toEqual(['chainers.web', 'chainers.outer']);
});

describe('a configuration with named chainers', () => {
  async function problems(value: ConfigInput): Promise<readonly string[]> {
    try {
      return (await parseConfig({ value, baseDirectory: '/' })).warnings;
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  }

  test('is right if each of them exists and is used', async () => {
    expect(await problems(config())).toEqual([]);
  });

  test('is told a name that does not exist, with the nearest that does', async () => {
    expect(await problems(config({ web: pool }, 'web', 'wep'))).toEqual([
      'services.blog.routes[0].chainer: unknown chainer "wep"; did you mean "web"?',
    ]);
  });

  test('is told of options that are wrong, once and in their place', async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is wrong on purpose
    const wrong = { type: 'pool', servers: ['10.0.0.1'] } as unknown as ChainerInput;
    expect(await problems(config({ web: wrong }))).toEqual([
      expect.stringMatching(/^chainers\.web\.servers\[0\]: expected host:port/),
    ]);
  });

  test('is warned of one that nobody names', async () => {
    expect(await problems(config({ web: pool, spare: pool }))).toEqual([
      'chainers.spare: warning: no route and no other chainer has this name, so that it is never used.',
    ]);
  });

  test('has no end where one leads back to itself', async () => {
    const a: ChainerInput = { type: 'sidestack', service: 'blog', chainer: 'b' };
    const b: ChainerInput = { type: 'sidestack', service: 'blog', chainer: 'a' };
    expect(await problems(config({ web: pool, a, b }, 'a'))).toEqual([
      'chainers.a.chainer: there is no end to this: the chainer "a" leads back to itself.',
      'chainers.b.chainer: there is no end to this: the chainer "b" leads back to itself.',
    ]);
  });

  test('cannot stack a service in itself by a name either', async () => {
    const outer: ChainerInput = { type: 'sidestack', service: 'shop', chainer: 'web' };
    expect(await problems(config({ web: pool, outer }, 'outer'))).toEqual([
      'chainers.outer.service: there is no end to this: "shop", in which "shop" is stacked.',
    ]);
  });
});
