import { expect, test } from 'vitest';
import { silentLogger } from '../log/logging.ts';
import { ReloadRequests } from './reload-requests.ts';

/** Reloads that end when they are told to. */
function create() {
  const running: PromiseWithResolvers<number>[] = [];
  const requests = new ReloadRequests(() => {
    const one = Promise.withResolvers<number>();
    running.push(one);
    return one.promise;
  }, silentLogger);
  return { requests, running };
}

test('who asks gets the result of the reload', async () => {
  const { requests, running } = create();
  const asked = requests.askFor({ admin: 'ann' });
  running[0]?.resolve(1);
  expect(await asked).toBe(1);
});

test('those who ask while one runs get one more after it, together', async () => {
  const { requests, running } = create();
  const first = requests.askFor({});
  const later = [requests.askFor({}), requests.askFor({})];
  requests.ask({ signal: 'SIGHUP' });
  expect(running).toHaveLength(1);
  running[0]?.resolve(1);
  expect(await first).toBe(1);
  await expect.poll(() => running.length).toBe(2);
  running[1]?.resolve(2);
  expect(await Promise.all(later)).toEqual([2, 2]);
  expect(running).toHaveLength(2);
});

test('one that is refused is told to who waits for it, and the next one runs', async () => {
  const { requests, running } = create();
  const first = requests.askFor({});
  const second = requests.askFor({});
  running[0]?.reject(new Error('wrong'));
  await expect(first).rejects.toThrow('wrong');
  await expect.poll(() => running.length).toBe(2);
  running[1]?.resolve(2);
  expect(await second).toBe(2);
  const third = requests.askFor({});
  running[2]?.resolve(3);
  expect(await third).toBe(3);
});
