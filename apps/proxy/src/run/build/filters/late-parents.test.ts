import type { Chainer } from '@inband/core';
import type { FilterParents } from '@inband/http-proxy';
import { afterEach, expect, test, vi } from 'vitest';
import { LateParents } from './late-parents.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing of it is used
const chainer = {} as Chainer;

const close = vi.fn<() => void>();
const loaded: FilterParents = { chainerFor: () => chainer, close };

afterEach(() => close.mockClear());

test('what reaches parents is loaded once, when one is chosen, and answers at once from then on', async () => {
  const load = vi.fn(async () => loaded);
  const late = new LateParents(load);
  expect(load).not.toHaveBeenCalled();
  const [one, other] = [late.chainerFor('http://a'), late.chainerFor('http://b')];
  expect(await one).toBe(chainer);
  expect(await other).toBe(chainer);
  expect(late.chainerFor('http://a')).toBe(chainer);
  expect(load).toHaveBeenCalledOnce();
});

test('closing closes what was loaded, also if that is not done yet, and loads nothing', async () => {
  const load = vi.fn(async () => loaded);
  new LateParents(load).close();
  expect(load).not.toHaveBeenCalled();
  const late = new LateParents(load);
  const found = late.chainerFor('http://a');
  late.close();
  await found;
  expect(close).toHaveBeenCalledOnce();
  late.close();
  expect(close).toHaveBeenCalledTimes(2);
});

test('what could not be loaded is loaded again for the next one', async () => {
  const load = vi.fn(async () => loaded).mockRejectedValueOnce(new Error('the file is gone'));
  const late = new LateParents(load);
  const both = [late.chainerFor('http://a'), late.chainerFor('http://b')];
  for (const one of both) await expect(one).rejects.toThrow('the file is gone');
  late.close();
  expect(await late.chainerFor('http://a')).toBe(chainer);
  expect(load).toHaveBeenCalledTimes(2);
  late.close();
  expect(close).toHaveBeenCalledOnce();
});
