import { describe, expect, test } from 'vitest';
import { jsonObject } from '../test-support/json.ts';
import { LogBatch, type LogSink } from './log-batch.ts';
import { childLogger, createLogging } from './logging.ts';

function memorySink() {
  const writes: string[] = [];
  const sink: LogSink = {
    write: (lines) => void writes.push(lines.toString()),
    flush: (done) => done(),
    flushSync: () => undefined,
  };
  const parsed = () => writes.join('').trim().split('\n').map(jsonObject);
  return { sink, writes, parsed };
}

describe('createLogging', () => {
  test('leaves out what is below the level', () => {
    const { sink, parsed } = memorySink();
    const { logger } = createLogging({ level: 'warn', access: true }, sink);
    logger.info({}, 'hush');
    logger.warn({ a: 1 }, 'loud');
    expect(parsed()).toMatchObject([{ level: 'warn', a: 1, msg: 'loud' }]);
  });

  test('lets a message of the program go at once', () => {
    const { sink, writes } = memorySink();
    createLogging({ level: 'info', access: true }, sink).logger.info({}, 'listening');
    expect(writes).toHaveLength(1);
  });

  test('has no session listener when access lines are off', () => {
    expect(createLogging({ level: 'info', access: false }, memorySink().sink).onSession).toBeUndefined();
  });
});

describe('LogBatch', () => {
  test('writes many lines at once, in order', async () => {
    const { sink, writes } = memorySink();
    const batch = new LogBatch(sink);
    batch.add('1\n');
    batch.add('2\n');
    expect(writes).toEqual([]);
    await batch.flush();
    expect(writes).toEqual(['1\n2\n']);
  });

  test('does not wait when it is full', () => {
    const { sink, writes } = memorySink();
    const batch = new LogBatch(sink);
    for (let index = 0; index < 100; index += 1) batch.add(`${'x'.repeat(1024)}\n`);
    expect(writes).toHaveLength(1);
    batch.push();
  });

  test('lets a lonely line go by itself', async () => {
    const written = new Promise<string>((resolve) => {
      const batch = new LogBatch({
        write: (lines) => resolve(lines.toString()),
        flush: (done) => done(),
        flushSync: () => undefined,
      });
      batch.add('1\n');
    });
    expect(await written).toBe('1\n');
  });

  test('gives up on a reader that takes nothing', async () => {
    const batch = new LogBatch({ write: () => undefined, flush: () => undefined, flushSync: () => undefined });
    batch.add('1\n');
    await batch.flush();
  });
});

test('a child logger adds its fields, and nobody overrides them', () => {
  const { sink, parsed } = memorySink();
  childLogger(createLogging({ level: 'debug', access: true }, sink).logger, { chainer: 'geo' }).debug(
    { chainer: 'x' },
    'hi',
  );
  expect(parsed()).toMatchObject([{ level: 'debug', chainer: 'geo', msg: 'hi' }]);
});
