import { expect, test, vi } from 'vitest';
import { perForm } from '../../../../test/support/tiers/runs.ts';
import { ParentWays } from './parent-ways.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const resolver = { resolve: () => Promise.reject(new Error('Nothing is resolved here.')) };

test('the parents that were asked for last are kept, however many there are', () => {
  const establish = (): never => {
    throw new Error('Nothing is connected to here.');
  };
  const ways = new ParentWays({}, { establishConnection: establish, establishFor: () => establish, resolver, logger });
  const parent = (user: number) => {
    const auth = { user: `user-${user}`, password: 'secret', scheme: 'basic' } as const;
    return ways.parent({ key: String(user), protocol: 'http', server: { host: '192.0.2.1', port: 3128 }, auth });
  };
  const [first, second] = [parent(1), parent(2)].map(({ chainer }) => ({ chainer, close: vi.spyOn(chainer, 'close') }));
  for (let user = 3; user <= perForm(1_500, 1_050); user += 1) {
    parent(user);
    if (parent(1).chainer !== first?.chainer) expect.fail(`made anew beside ${user} others`);
  }
  expect([first?.close.mock.calls.length, second?.close.mock.calls.length]).toEqual([0, 1]);
  ways.close();
  expect(first?.close).toHaveBeenCalledOnce();
});
