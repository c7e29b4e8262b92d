import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { perForm } from '../../../../../../test/support/tiers/runs.ts';
import { EAGAIN } from '../system/errno-names.ts';
import { SendQueue } from './send-queue.ts';

/** Takes at most `room` bytes in all. */
function kernel(room: number) {
  const taken: Buffer[] = [];
  let left = room;
  const send = (_descriptor: number, memory: Uint8Array, start: number, end: number): number => {
    if (left === 0) return -EAGAIN;
    const count = Math.min(left, end - start);
    left -= count;
    taken.push(Buffer.from(memory.subarray(start, start + count)));
    return count;
  };
  return { send, taken: () => Buffer.concat(taken) };
}

test('what goes in comes out, in order, however it is cut', () => {
  const write = fc.record({ size: fc.integer({ min: 1, max: 40_000 }), room: fc.integer({ min: 0, max: 50_000 }) });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 20 }), (writes) => {
      const queue = new SendQueue();
      const written: Buffer[] = [];
      const sent: Buffer[] = [];
      for (const [number, { size, room }] of writes.entries()) {
        const memory = Buffer.alloc(size + 2, number);
        memory[1] = 0xaa;
        written.push(Buffer.from(memory.subarray(1, size + 1)));
        queue.append(memory, 1, size + 1);
        memory.fill(0xff);
        const receiver = kernel(room);
        queue.drain(receiver, 5);
        sent.push(receiver.taken());
      }
      const last = kernel(Infinity);
      queue.drain(last, 5);
      sent.push(last.taken());
      expect(queue.length).toBe(0);
      expect(Buffer.concat(sent).equals(Buffer.concat(written))).toBe(true);
    }),
    { numRuns: perForm(50, 10) },
  );
});

test('its length is what the kernel has not taken', () => {
  const queue = new SendQueue();
  queue.append(Buffer.alloc(100), 0, 100);
  queue.append(new Uint8Array(100_000), 0, 100_000);
  expect(queue.length).toBe(100_100);
  expect(queue.drain(kernel(60), 5)).toBe(-EAGAIN);
  expect(queue.length).toBe(100_040);
  expect(queue.drain(kernel(0), 5)).toBe(-EAGAIN);
  expect(queue.length).toBe(100_040);
  queue.clear();
  expect(queue.length).toBe(0);
});

test('a short send is not tried again at once', () => {
  const queue = new SendQueue();
  queue.append(Buffer.alloc(100), 0, 100);
  let calls = 0;
  const send = (): number => {
    calls += 1;
    return 1;
  };
  expect(queue.drain({ send }, 5)).toBe(-EAGAIN);
  expect(calls).toBe(1);
});

test('many small pieces share memory', () => {
  const queue = new SendQueue();
  for (let piece = 0; piece < 1000; piece += 1) queue.append(Buffer.from('ten bytes.'), 0, 10);
  let calls = 0;
  const send = (_descriptor: number, _memory: Uint8Array, start: number, end: number): number => {
    calls += 1;
    return end - start;
  };
  expect(queue.drain({ send }, 5)).toBe(0);
  expect(calls).toBe(1);
});
