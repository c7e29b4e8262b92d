import { AccessPolicy, AddressZones, createMemoryNetwork, Session, type SessionRecord } from '@inband/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { jsonObject } from '../../test-support/json.ts';
import { LogBatch, type LogSink } from './outputs/log-batch.ts';
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

/** A record of which a part cannot be asked for. */
function unsound(): SessionRecord {
  const address = { family: 'inet', address: '127.0.0.1', port: 40_000 } as const;
  const { server: connection } = createMemoryNetwork().connectPair();
  const policy = AccessPolicy.compile([], { mode: 'forward', zones: new AddressZones(), path: 'services.web.access' });
  policy.zoneOf = () => {
    throw new Error('a defect of a plugin');
  };
  const service = { name: 'web', mode: 'forward', policy, routesByPath: false, route: () => undefined } as const;
  const session = new Session({ id: 1, connection, address, local: address, listener: address }, service);
  const times = { duration: 1, wait: undefined };
  const content = { status: 200, bytesIn: 0, bytesOut: 0, reused: false, error: undefined, aborted: false };
  return { session, kind: 'request', url: '/', ...times, ...content };
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

  test('does not let half a line that could not be written spoil the others', async () => {
    const { sink, parsed } = memorySink();
    const logging = createLogging({ level: 'info', access: true }, sink);
    expect(() => logging.onSession?.(unsound())).toThrow('a defect of a plugin');
    logging.logger.info({}, 'alive');
    await logging.flush();
    expect(parsed()).toMatchObject([{ msg: 'alive' }]);
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
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const written = new Promise<string>((resolve) => {
      const batch = new LogBatch({
        write: (lines) => resolve(lines.toString()),
        flush: (done) => done(),
        flushSync: () => undefined,
      });
      batch.add('1\n');
    });
    await vi.advanceTimersByTimeAsync(200);
    expect(await written).toBe('1\n');
  });

  test('gives up on a reader that takes nothing', async () => {
    const batch = new LogBatch({ write: () => undefined, flush: () => undefined, flushSync: () => undefined });
    batch.add('1\n');
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const flushed = batch.flush();
    await vi.advanceTimersByTimeAsync(5_000);
    await flushed;
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
