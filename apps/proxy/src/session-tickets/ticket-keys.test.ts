import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ReceivedTicketKeys, sentTicketKeys, TicketKeyRing } from './ticket-keys.ts';

const HOUR = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hex = (keys: readonly Uint8Array[]): string[] => keys.map((key) => Buffer.from(key).toString('hex'));

test('a new key comes first every eight hours, and the two before it stay', () => {
  const rotated: number[] = [];
  const ring = new TicketKeyRing(({ keys }) => rotated.push(keys.length));
  const first = hex(ring.current.keys);
  expect(first.map((key) => key.length / 2)).toEqual([80, 80, 80]);
  expect(new Set(first).size).toBe(3);
  vi.advanceTimersByTime(8 * HOUR - 1);
  expect(hex(ring.current.keys)).toEqual(first);
  vi.advanceTimersByTime(1);
  const second = hex(ring.current.keys);
  expect(second.slice(1)).toEqual(first.slice(0, 2));
  expect(first).not.toContain(second[0]);
  vi.advanceTimersByTime(16 * HOUR);
  // What made tickets in the beginning opens them no more after a day.
  expect(hex(ring.current.keys)).not.toContain(first[0]);
  expect(rotated).toEqual([3, 3, 3]);
  ring.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('a program goes on with the keys of the one that it replaces', () => {
  const [before, after] = [new TicketKeyRing(), new TicketKeyRing()];
  after.adopt(sentTicketKeys(before.current));
  expect(hex(after.current.keys)).toEqual(hex(before.current.keys));
  vi.advanceTimersByTime(8 * HOUR);
  expect(hex(after.current.keys).slice(1)).toEqual(hex(before.current.keys).slice(1, 3));
  for (const ring of [before, after]) ring.close();
});

test("the program's own key stays when keys of tickets are replaced, and is the same in its workers and its successor", () => {
  const ring = new TicketKeyRing();
  const { own } = ring.current;
  expect(own).toHaveLength(32);
  vi.advanceTimersByTime(8 * HOUR);
  expect(ring.current.own).toBe(own);
  const received = new ReceivedTicketKeys();
  received.take(structuredClone(sentTicketKeys(ring.current)));
  const after = new TicketKeyRing();
  after.adopt(sentTicketKeys(ring.current));
  expect(hex([received.current.own, after.current.own])).toEqual(hex([own, own]));
  for (const each of [ring, after]) each.close();
});

test('a worker has the keys that its supervisor has sent', () => {
  const ring = new TicketKeyRing();
  const received = new ReceivedTicketKeys();
  received.take(structuredClone(sentTicketKeys(ring.current)));
  expect(hex(received.current.keys)).toEqual(hex(ring.current.keys));
  ring.close();
});
