import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { AccessPolicy, AddressZones, Timers, type Service } from '@inband/core';
import { expect, test } from 'vitest';
import { createContext } from './context.ts';
import { defaultHttpOptions } from './options.ts';

/** What V8 says of an object. False where it looks up properties by hash, which costs more and is never inlined. */
function hasFastProperties(object: object): boolean {
  setFlagsFromString('--allow-natives-syntax');
  try {
    const ask: (object: object) => boolean = runInThisContext('(object) => %HasFastProperties(object)');
    return ask(object);
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

test('what a request asks of the context of its service is not looked up by hash', () => {
  const none = (): void => {};
  const policy = AccessPolicy.compile([], {
    mode: 'forward',
    zones: new AddressZones({}),
    path: 'services.web.access',
  });
  const service: Service = { name: 'web', mode: 'forward', policy, routesByPath: false, route: () => undefined };
  const options = defaultHttpOptions('forward');
  const logger = { debug: none, info: none, warn: none, error: none };
  const context = createContext({ service, options, timers: new Timers(), logger });
  expect(hasFastProperties(context)).toBe(true);
  expect(hasFastProperties(Object.create(null))).toBe(false);
});
