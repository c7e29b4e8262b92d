import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { queuedBytes } from '../queued/queued-bytes.ts';
import { Flow } from './flow.ts';
import { MemoryGate } from './memory-gate.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

function flowsAt(gate: MemoryGate, count: number, events: string[]): Flow[] {
  return Array.from({ length: count }, (_, index) => {
    return new Flow([gate], [], {
      flowHeld: () => void events.push(`${index} held`),
      flowReleased: () => void events.push(`${index} released`),
    });
  });
}

test('as soon as one read brings too much, all others are held, and all go on when there is room', () => {
  const gate = new MemoryGate(1_000);
  const events: string[] = [];
  const flows = flowsAt(gate, 3, events);
  expect(flows[0]!.moved(600)).toBe(true);
  queuedBytes.add(600);
  expect(flows[1]!.moved(300)).toBe(true);
  queuedBytes.add(300);
  queuedBytes.add(200);
  expect(flows[1]!.moved(200)).toBe(false);
  expect(events).toEqual(['0 held', '2 held']);
  expect(flows.map(({ isHeld }) => isHeld)).toEqual([true, true, true]);
  vi.advanceTimersByTime(1_000);
  expect(events).toHaveLength(2);
  // There is room for what two of them are expected to read.
  queuedBytes.add(-301);
  vi.advanceTimersByTime(10);
  expect(events.slice(2)).toEqual(['1 released', '0 released']);
  vi.advanceTimersByTime(10);
  expect(events.slice(4)).toEqual(['2 released']);
  queuedBytes.add(-799);
  for (const flow of flows) flow.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('what begins while it is shut waits from the beginning', () => {
  const gate = new MemoryGate(1_000);
  queuedBytes.add(1_000);
  const events: string[] = [];
  const [flow] = flowsAt(gate, 1, events);
  expect(flow!.isHeld).toBe(true);
  queuedBytes.add(-1_000);
  vi.advanceTimersByTime(10);
  expect(events).toEqual(['0 released']);
  flow!.close();
});
