import type {
  autoResolverOptions,
  directedOptions,
  dnsResolverOptions,
  failoverOptions,
  inbandOptions,
  sidestackOptions,
  systemResolverOptions,
  transparentOptions,
} from '@inband/chainers';
import { readFile } from 'node:fs/promises';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import { inputTypesFile, inputTypesText } from './input-types.ts';
import type { ChainerInput, ChainerKinds, ConfigInput, ResolverKinds } from './input/config-input.ts';
import type { resolverShape } from './schema/process/resolver.ts';
import type { configSchema } from './schema/schema.ts';

test('the types of a configuration are in step: npx node apps/proxy/src/config/generate-schema.ts', async () => {
  expect(await readFile(inputTypesFile, 'utf8')).toBe(inputTypesText());
});

/** Both ways, because each takes what the other does. That no key is missing is what the test above holds. */
describe('the generated types', () => {
  test('are right for a whole configuration', () => {
    expectTypeOf<z.input<typeof configSchema>>().toExtend<ConfigInput>();
    expectTypeOf<ConfigInput>().toExtend<z.input<typeof configSchema>>();
  });

  test('are right for the options of every chainer', () => {
    expectTypeOf<z.input<typeof inbandOptions>>().toEqualTypeOf<ChainerKinds['inband']>();
    expectTypeOf<z.input<typeof directedOptions>>().toEqualTypeOf<ChainerKinds['directed']>();
    expectTypeOf<z.input<typeof failoverOptions>>().toEqualTypeOf<ChainerKinds['failover']>();
    expectTypeOf<z.input<typeof transparentOptions>>().toEqualTypeOf<ChainerKinds['transparent']>();
    expectTypeOf<ChainerKinds['sidestack']['service']>().toEqualTypeOf<z.input<typeof sidestackOptions>['service']>();
    expectTypeOf<ChainerKinds['sidestack']['chainer']>().toEqualTypeOf<ChainerInput | string>();
  });

  test('are right for the options of every resolver', () => {
    type Common = z.input<typeof resolverShape>;
    expectTypeOf<z.input<typeof autoResolverOptions>>().toExtend<ResolverKinds['auto']>();
    expectTypeOf<z.input<typeof systemResolverOptions>>().toExtend<ResolverKinds['system']>();
    expectTypeOf<z.input<typeof dnsResolverOptions>>().toEqualTypeOf<ResolverKinds['dns']>();
    expectTypeOf<NonNullable<ConfigInput['resolver']>['cache']>().toEqualTypeOf<Common['cache']>();
    expectTypeOf<NonNullable<ConfigInput['resolver']>['limits']>().toEqualTypeOf<Common['limits']>();
  });
});
