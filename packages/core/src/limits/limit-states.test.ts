import { expect, test } from 'vitest';
import { LimitStates } from './limit-states.ts';

const rate = { amount: 1, per: 1_000, burst: 1 };

test('what is counted of a service is the same whoever asks for it, and each service has its own', () => {
  const states = new LimitStates({ now: () => 0 });
  const take = (service: string) => states.of(service).buckets('perClient.requests', rate).take('a', rate, 1).allowed;
  expect([take('web'), take('web'), take('out')]).toEqual([true, false, true]);
  states.of('web').counts('tunnels').add('a', 1);
  expect(states.of('web').counts('tunnels').of('a')).toBe(1);
});

test('a rate in another unit of time begins anew', () => {
  const state = new LimitStates({ now: () => 0 }).of('web');
  const take = (per: number) => {
    const of = { ...rate, per };
    return state.buckets('requests', of).take('', of, 1).allowed;
  };
  expect([take(1_000), take(60_000), take(1_000)]).toEqual([true, true, false]);
});

test('a service that is gone and comes back counts on while it has tunnels', () => {
  const states = new LimitStates();
  const web = states.of('web');
  web.tunnels.set(1, []);
  states.keep(new Set());
  expect(states.of('web')).toBe(web);
  web.tunnels.delete(1);
  states.keep(new Set());
  expect(states.of('web')).not.toBe(web);
});

test('services that are gone are forgotten, and those that stay are not', () => {
  const states = new LimitStates();
  const [web, out] = [states.of('web'), states.of('out')];
  states.keep(new Set(['web']));
  expect(states.of('web')).toBe(web);
  expect(states.of('out')).not.toBe(out);
});
