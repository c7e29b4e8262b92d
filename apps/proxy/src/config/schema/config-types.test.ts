import { describe, expect, expectTypeOf, test } from 'vitest';
import type { ChainerInput, ConfigInput, createInband, Duration, Size } from '../../index.ts';

declare module '../../index.ts' {
  interface ChainerKinds {
    brought: { readonly colour: string };
  }
}

type Service = ConfigInput['services'][string];

/** What tsc checks: each line below `@ts-expect-error` must not compile, or the directive itself is an error. */
describe('the types of a configuration', () => {
  test('take durations as they are written, and nothing else', () => {
    expectTypeOf<NonNullable<ConfigInput['shutdown']>['grace']>().toEqualTypeOf<Duration | undefined>();
    expectTypeOf<NonNullable<Service['http']>['idleTimeout']>().toEqualTypeOf<Duration | undefined>();
    const right: ConfigInput['shutdown'][] = [{ grace: '30s' }, { grace: '500ms' }, { grace: 0 }];
    const wrong: ConfigInput['shutdown'][] = [
      // @ts-expect-error -- no such unit
      { grace: '30 seconds' },
      // @ts-expect-error -- no unit
      { grace: '30' },
    ];
    expect([...right, ...wrong]).toHaveLength(5);
  });

  test('take sizes as they are written, and nothing else', () => {
    expectTypeOf<NonNullable<Service['http']>['maxBody']>().toEqualTypeOf<Size | undefined>();
    const right: Service['http'][] = [{ maxBody: '10MiB' }, { maxBody: 4096 }];
    const wrong: Service['http'][] = [
      // @ts-expect-error -- MB could be either of two
      { maxBody: '10MB' },
      // @ts-expect-error -- neither a text nor a number
      { maxBody: true },
    ];
    expect([...right, ...wrong]).toHaveLength(4);
  });

  test('know the kinds of chainers, and the options of each', () => {
    const right: ChainerInput[] = [
      { type: 'inband', connectTimeout: '10s' },
      { type: 'directed', remote: '10.0.0.1:80' },
      { type: 'failover', hosts: ['a:80', 'b:80'], policy: 'sticky', stateTimeout: '60s' },
      { type: 'sidestack', service: 'inner', chainer: { type: 'none' } },
      { type: 'brought', colour: 'red' },
    ];
    const wrong: ChainerInput[] = [
      // @ts-expect-error -- no such kind
      { type: 'inbnd' },
      // @ts-expect-error -- "remote" is missing
      { type: 'directed' },
      // @ts-expect-error -- an option of another kind
      { type: 'inband', hosts: ['a:80'] },
      // @ts-expect-error -- this kind has no options
      { type: 'none', remote: 'a:80' },
      // @ts-expect-error -- no such policy
      { type: 'failover', hosts: ['a:80'], policy: 'random' },
      // @ts-expect-error -- no duration
      { type: 'inband', connectTimeout: 'soon' },
      // @ts-expect-error -- also within another
      { type: 'sidestack', service: 'inner', chainer: { type: 'directed' } },
      // @ts-expect-error -- also what a plugin brings
      { type: 'brought', colour: 1 },
    ];
    expect([...right, ...wrong]).toHaveLength(13);
  });

  test('refuse keys and words that nobody knows', () => {
    const wrong: ConfigInput['log'][] = [
      // @ts-expect-error -- "level"
      { levle: 'info' },
      // @ts-expect-error -- no such level
      { level: 'loud' },
    ];
    expect(wrong).toHaveLength(2);
  });
});

test('createInband gives what await using closes', () => {
  expectTypeOf<Awaited<ReturnType<typeof createInband>>>().toExtend<AsyncDisposable>();
});
