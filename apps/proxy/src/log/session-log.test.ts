import { ProxyError, sessionWriter, type Logger, type SessionRecord } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { sessionRecord } from '../../test-support/session-record.ts';
import { sessionLog } from './session-log.ts';

function listening(options: Parameters<typeof sessionLog>[0], hasLines = true) {
  const lines: SessionRecord[] = [];
  const messages: (readonly [object, string])[] = [];
  const none = (): void => undefined;
  const warn: Logger['warn'] = (fields, message) => void messages.push([fields, message]);
  const logger = { debug: none, info: none, error: none, warn };
  const access = hasLines ? (record: SessionRecord): void => void lines.push(record) : undefined;
  const listener = sessionLog(options, access, logger);
  return { lines, messages, access, listener };
}

const plain = (change: Partial<SessionRecord> = {}): SessionRecord => sessionRecord(change, { method: 'GET' });

test('nothing stands before the access lines where nothing is configured', () => {
  const { access, listener } = listening({});
  expect(listener).toBe(access);
  expect(listening({}, false).listener).toBeUndefined();
});

describe('a sample', () => {
  const refused = new ProxyError('dns_error', 'No.');

  test('has all that did not go well, and none of the rest at 0', () => {
    const { lines, listener } = listening({ sample: { accepted: 0 }, slow: 1_000 });
    const kept = [
      plain({ error: refused }),
      plain({ aborted: true }),
      plain({ status: 503 }),
      plain({ duration: 1_000 }),
    ];
    const dropped = [plain(), plain({ status: 404 }), plain({ kind: 'tunnel', duration: 1e6 })];
    for (const record of [...dropped, ...kept]) listener?.(record);
    expect(lines).toEqual(kept);
  });

  test('has about its share of what went well', () => {
    const { lines, listener } = listening({ sample: { accepted: 0.25 } });
    const record = plain();
    for (let count = 0; count < 4_000; count += 1) listener?.(record);
    // Ten standard deviations.
    expect(Math.abs(lines.length - 1_000)).toBeLessThan(280);
  });
});

describe('what is slow', () => {
  test('is a message with every dial and its duration, beside the line', () => {
    const { lines, messages, listener } = listening({ slow: 2_000 });
    const slow = sessionRecord({ duration: 2_000, wait: 1_900 }, { method: 'GET', attempts: true });
    listener?.(plain({ duration: 1_999 }));
    listener?.(slow);
    expect(lines).toHaveLength(2);
    expect(messages).toMatchObject([
      [
        { session: slow.session.id, ms: 2_000, waitMs: 1_900, attempts: [{ error: 'connection_refused' }, { ms: 2 }] },
        'a slow request',
      ],
    ]);
  });

  test('is told without access lines, too', () => {
    const { messages, listener } = listening({ slow: 1 }, false);
    listener?.(plain());
    expect(messages).toHaveLength(1);
  });

  test('is of a tunnel the time until it was connected', () => {
    const { messages, listener } = listening({ slow: 500 });
    listener?.(plain({ kind: 'tunnel', duration: 1e6 }));
    expect(messages).toHaveLength(0);
    const tunnel = plain({ kind: 'tunnel', wait: undefined });
    for (const duration of [250, 251]) {
      sessionWriter.addAttempt(tunnel.session, {
        address: { family: 'inet', address: '192.0.2.1', port: 1 },
        duration,
      });
    }
    listener?.(tunnel);
    expect(messages.map(([, message]) => message)).toEqual(['a slow tunnel']);
    listener?.(plain({ kind: 'tunnel', wait: 500 }));
    expect(messages).toHaveLength(2);
  });
});
