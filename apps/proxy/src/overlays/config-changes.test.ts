import { expect, test } from 'vitest';
import { silentLogger } from '../log/logging.ts';
import type { Reloaded } from '../run/running.ts';
import { ConfigChanges } from './config-changes.ts';

const VALUE = {
  listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
  services: { web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
};

test('a program that is about to end refuses what is asked, what waits, and what has not been read yet', async () => {
  const begun: PromiseWithResolvers<void>[] = [];
  let applied = 0;
  const source = { value: VALUE, baseDirectory: '/' };
  const changes = new ConfigChanges({
    source,
    apply: () => {
      applied += 1;
      return Promise.reject(new Error('not asked'));
    },
    during: async (reload): Promise<Reloaded> => {
      const one = Promise.withResolvers<void>();
      begun.push(one);
      await one.promise;
      return reload();
    },
    logger: silentLogger,
  });
  const running = changes.replace(source);
  const waiting = changes.askFor({});
  changes.close();
  begun[0]?.resolve();
  const late = changes.askFor({});
  for (const one of [running, waiting, late]) await expect(one).rejects.toThrow('the program is stopping.');
  expect(begun).toHaveLength(1);
  expect(applied).toBe(0);
});
