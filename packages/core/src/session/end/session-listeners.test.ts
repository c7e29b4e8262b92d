import { expect, test, vi } from 'vitest';
import type { Logger } from '../../base/logger.ts';
import type { SessionRecord } from './session-record.ts';
import { combineListeners } from './session-listeners.ts';

const record = {} as SessionRecord;

function logged(): { readonly logger: Logger; readonly defects: unknown[] } {
  const defects: unknown[] = [];
  const unexpected = (): void => expect.fail('only defects are logged');
  const error: Logger['error'] = (fields) => void defects.push('err' in fields ? fields.err : undefined);
  return { logger: { debug: unexpected, info: unexpected, warn: unexpected, error }, defects };
}

test('where nobody listens there is nobody to tell', () => {
  expect(combineListeners([undefined, undefined], logged().logger)).toBeUndefined();
});

test('a listener that throws is logged, and the others hear all the same', () => {
  const { logger, defects } = logged();
  const broken = new Error('broken');
  const other = vi.fn<(heard: SessionRecord) => void>();
  const tell = combineListeners(
    [
      () => {
        throw broken;
      },
      undefined,
      other,
    ],
    logger,
  );
  tell?.(record);
  expect(defects).toEqual([broken]);
  expect(other.mock.calls).toEqual([[record]]);
});

test('a listener whose promise rejects is logged, and does not end the process', async () => {
  const { logger, defects } = logged();
  const broken = new Error('broken');
  // oxlint-disable-next-line typescript/no-misused-promises -- what this is about
  const tell = combineListeners([() => Promise.reject(broken)], logger);
  tell?.(record);
  await vi.waitUntil(() => defects.length > 0, { interval: 1, timeout: 10_000 });
  expect(defects).toEqual([broken]);
});
