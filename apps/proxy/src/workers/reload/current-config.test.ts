import { expect, test } from 'vitest';
import type { FilesRead } from '../../config/read/config-files.ts';
import { CurrentConfig } from './current-config.ts';
import type { ReloadOrder, ReloadReport } from '../process/messages.ts';

const filesOf = (text: string): FilesRead => ({ text }) as unknown as FilesRead;

/** A worker that notes what it is told to prepare, and switches unless `cannot` says that it fails. */
function fakeWorker(pid: number, cannot?: 'prepare' | 'switch') {
  const prepared: (FilesRead | undefined)[] = [];
  const worker = {
    pid,
    isAborted: false,
    prepared,
    drop: () => {},
    abort: async () => void (worker.isAborted = true),
    ask: async (order: ReloadOrder): Promise<ReloadReport | undefined> => {
      const { type, id } = order;
      if (type === 'prepare') prepared.push(order.files);
      if (type === cannot) return { type: 'refused', id, message: 'it cannot' };
      return type === 'prepare'
        ? { type: 'prepared', id, addresses: [] }
        : { type: 'switched', id, generation: 2, alive: 2 };
    },
  };
  return worker;
}

function current(isEnding = false) {
  const errors: string[] = [];
  const note = (): void => {};
  const error = (_fields: object, message: string): void => void errors.push(message);
  const config = new CurrentConfig({ debug: note, info: note, warn: note, error }, () => isEnding);
  const first = filesOf('first');
  config.begin(first);
  return { config, errors, first };
}

test('the next worker starts with the configuration that all have switched to', async () => {
  const { config } = current();
  const next = filesOf('next');
  expect(await config.replace([fakeWorker(1), fakeWorker(2)], next)).toMatchObject({ alive: 2 });
  expect([config.files, config.generation]).toEqual([next, 2]);
});

test('nothing changes if one worker cannot prepare', async () => {
  const { config, first } = current();
  const others = fakeWorker(1);
  await expect(config.replace([others, fakeWorker(2, 'prepare')], filesOf('next'))).rejects.toThrow('it cannot');
  expect([config.files, config.generation, others.isAborted]).toEqual([first, 1, false]);
});

test('a worker that does not switch is ended, so that the one after it has the configuration', async () => {
  const { config, errors } = current();
  const [well, behind] = [fakeWorker(1), fakeWorker(2, 'switch')];
  await config.replace([well, behind], filesOf('next'));
  expect([well.isAborted, behind.isAborted]).toEqual([false, true]);
  expect(errors).toEqual(['a worker did not switch to the new configuration; ending it']);
});

test('a worker that was started before a reload gets what is current when it is ready', async () => {
  const { config, errors, first } = current();
  const next = filesOf('next');
  await config.replace([fakeWorker(1)], next);
  const [late, upToDate, cannot] = [fakeWorker(2), fakeWorker(3), fakeWorker(4, 'prepare')];
  await config.catchUp(late, first);
  await config.catchUp(upToDate, next);
  await config.catchUp(cannot, first);
  expect([late.prepared, upToDate.prepared]).toEqual([[next], []]);
  expect([late.isAborted, cannot.isAborted]).toEqual([false, true]);
  expect(errors).toEqual(['a worker cannot take the current configuration']);
});

test('a worker that ends with all others is left alone', async () => {
  const { config, errors, first } = current(true);
  const [behind, late] = [fakeWorker(1, 'switch'), fakeWorker(2)];
  await config.replace([behind], filesOf('next'));
  await config.catchUp(late, first);
  expect([behind.isAborted, late.prepared, errors]).toEqual([false, [], []]);
});
