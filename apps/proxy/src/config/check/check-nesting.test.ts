import { InbandChainer } from '@inband/chainers';
import { definePlugin } from '@inband/core';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { parseConfig } from '../parse-config.ts';
import { ConfigError } from '../problem/problem.ts';
import { checkNesting } from './check-nesting.ts';
import { MOST_NESTING } from '../text/nesting.ts';

/** What `parseConfig` complains about in what a module exports. */
async function problemsOf(value: unknown): Promise<readonly string[]> {
  try {
    await parseConfig({ value, baseDirectory: '/' });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Changed by each test. */
function configuration() {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'web' }] as unknown[],
    plugins: [] as unknown[],
    chainers: { direct: { type: 'inband' } } as Record<string, Record<string, unknown>>,
    services: { web: { mode: 'forward', routes: [{ chainer: 'direct' }] as unknown[] } },
  };
}

const anyOptions = definePlugin<object>({
  provides: 'chainer',
  kind: 'mine',
  schema: z.looseObject({}),
  create: (_options, context) => new InbandChainer({}, context),
});

describe('a configuration of a module that contains itself', () => {
  test('is an error that names the place and what stands there again', async () => {
    const inService = configuration();
    inService.services.web.routes.push(inService.services.web);
    expect(await problemsOf(inService)).toEqual([
      'services.web.routes[1]: this is services.web, which contains itself here.',
    ]);
    const inList = configuration();
    inList.listeners.push(inList.listeners);
    expect(await problemsOf(inList)).toEqual(['listeners[1]: this is listeners, which contains itself here.']);
    const whole = configuration();
    expect(await problemsOf(Object.assign(whole, { 'x-self': [whole] }))).toEqual([
      'x-self[0]: this is the whole configuration, which contains itself here.',
    ]);
  });

  test('is one in the options of a plugin as well', async () => {
    const value = configuration();
    const options: Record<string, unknown> = { type: 'mine' };
    options.deep = { er: [options] };
    value.plugins.push(anyOptions);
    value.chainers.own = options;
    expect(await problemsOf(value)).toEqual([
      'chainers.own.deep.er[0]: this is chainers.own, which contains itself here.',
    ]);
  });
});

test('what is nested too deep in a module is an error with the beginning of its place', async () => {
  const value = configuration();
  let deep: Record<string, unknown> = {};
  for (let level = 0; level <= MOST_NESTING; level += 1) deep = { a: deep };
  value.chainers.direct = deep;
  expect(await problemsOf(value)).toEqual([
    'chainers.direct.a.a.a.a.a.a: mappings and lists are nested more than 100 deep.',
  ]);
});

describe('a configuration of a module may', () => {
  test('have one value in several places, however many there are of them', async () => {
    const value = configuration();
    const route = { chainer: { type: 'inband' } };
    value.services.web.routes = [{ match: { host: 'a' }, ...route }, route];
    let shared: unknown = 'x';
    // As a tree it has 2 ** 60 leaves.
    for (let level = 0; level < 60; level += 1) shared = [shared, shared];
    value.plugins.push(anyOptions);
    expect(await problemsOf(value)).toEqual([]);
    expect(checkNesting(shared)).toBeUndefined();
  });

  test('hold instances of classes that refer to themselves', async () => {
    class Client {
      readonly self = this;
      readonly all = [this];
    }
    const value = configuration();
    value.plugins.push(Object.assign({ ...anyOptions }, { own: [value.plugins] }));
    value.chainers.own = { type: 'mine', client: new Client() };
    value.services.web.routes = [{ chainer: 'own' }];
    expect(await problemsOf(value)).toEqual([]);
  });
});
