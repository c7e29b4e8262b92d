import { expect, test } from 'vitest';
import { NoticeBoard } from './notice-board.ts';

function keysOf(board: NoticeBoard, topic: string, now = 0): string[] {
  return Array.from(board.of(topic, now), ([key]) => key);
}

test('a topic that is told much loses its own oldest notices', () => {
  const board = new NoticeBoard(4);
  board.set('quiet', 'q', { value: 1, until: 10 });
  for (const key of ['a', 'b', 'c', 'a', 'd', 'e']) board.set('loud', key, { value: 1, until: 10 });
  expect([keysOf(board, 'quiet'), keysOf(board, 'loud')]).toEqual([['q'], ['a', 'd', 'e']]);
  expect(board.size).toBe(4);
});

test('a new topic has room when the board is full, and no topic stays that is empty', () => {
  const board = new NoticeBoard(2);
  for (const topic of ['a', 'b', 'c', 'd']) board.set(topic, 'key', { value: 1, until: 10 });
  expect(board.topics()).toEqual(['c', 'd']);
  board.delete('c', 'key');
  board.forget('d');
  expect([board.size, board.topics()]).toEqual([0, []]);
});

test('what has ended is not there any more', () => {
  const board = new NoticeBoard();
  board.set('t', 'short', { value: 1, until: 10 });
  board.set('t', 'long', { value: 1, until: 20 });
  expect(keysOf(board, 't', 10)).toEqual(['long']);
  expect(board.size).toBe(1);
});
