import { expect, test } from 'vitest';
import { DEFAULT_EJECTION } from '../health/ejection.ts';
import { noneLeft } from './none-left.ts';
import { PoolMember } from './pool-member.ts';

const HEALTH = { ejection: DEFAULT_EJECTION, fall: 1, rise: 1, slowStart: 0 };

function member(order?: 'drain'): PoolMember {
  const remote = { family: 'inet', address: '192.0.2.1', port: 80 } as const;
  const made = new PoolMember({ id: '192.0.2.1:80', written: '192.0.2.1:80', name: '', remote }, {}, HEALTH);
  made.order = order;
  return made;
}

test('who gets no server hears whether there is none, operators have taken all out, or all have failed', () => {
  expect(noneLeft([])).toMatchObject({ code: 'destination_unavailable', retryAfter: 1 });
  expect(noneLeft([]).message).toContain('has no server');
  expect(noneLeft([member('drain'), member('drain')]).message).toContain('by the operator');
  expect(noneLeft([member('drain'), member()]).message).toContain('is left for this request');
});
