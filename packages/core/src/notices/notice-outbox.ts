import { type KeptNotice, NoticeBoard } from './notice-board.ts';
import type { NoticeValue } from './notices.ts';

/** A notice as a message has it. `null` stands for no value, and then `ttl` is 0. */
type SentNotice = readonly [key: string, value: NoticeValue | null, ttl: number];

/** Notices as a message has them: by topic. */
export type SentNotices = readonly (readonly [topic: string, notices: readonly SentNotice[]])[];

/** Sends a message to another process. Calls `sent` when it is gone, or can never be. */
export type SendNotices = (notices: SentNotices, sent: () => void) => void;

/** Milliseconds between two messages, at least. */
const PAUSE = 50;
/** Notices in one message. */
const MOST_AT_ONCE = 512;

/**
 * Notices for another process. The first one leaves at the end of the event-loop iteration, those that follow at most every 50 ms, 512 in
 * one message, and never before the message before them is gone. Of several notices of one key only the last one is sent. So neither many
 * failures at one moment nor a process that does not read need much time or memory.
 */
export class NoticeOutbox {
  readonly #waiting: NoticeBoard;
  readonly #send: SendNotices;
  #isSending = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  #immediate: NodeJS.Immediate | undefined = undefined;
  /** When the last message was sent. */
  #last = -Infinity;

  constructor(send: SendNotices, most?: number) {
    this.#send = send;
    this.#waiting = new NoticeBoard(most);
  }

  add(topic: string, key: string, notice: KeptNotice): void {
    this.#waiting.set(topic, key, notice);
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    for (const topic of this.#waiting.topics()) this.#waiting.forget(topic);
  }

  #schedule(): void {
    if (this.#isSending || this.#timer !== undefined || this.#immediate !== undefined) return;
    const wait = this.#last + PAUSE - performance.now();
    if (wait <= 0) this.#immediate = setImmediate(this.#flush);
    else this.#timer = setTimeout(this.#flush, wait).unref();
  }

  readonly #flush = (): void => {
    this.#timer = undefined;
    this.#immediate = undefined;
    const notices = takenFrom(this.#waiting, MOST_AT_ONCE);
    if (notices.length === 0) return;
    this.#isSending = true;
    this.#last = performance.now();
    this.#send(notices, () => {
      this.#isSending = false;
      if (this.#waiting.size > 0) this.#schedule();
    });
  };
}

/** All notices of a board that have not ended. */
export function noticesOf(board: NoticeBoard): SentNotices {
  const now = performance.now();
  return board
    .topics()
    .map((topic) => [topic, Array.from(board.of(topic, now), ([key, notice]) => sent(key, notice, now))] as const)
    .filter(([, notices]) => notices.length > 0);
}

/** Takes up to `most` notices from a board. Those that have ended are dropped. */
function takenFrom(board: NoticeBoard, most: number): SentNotices {
  const now = performance.now();
  const taken: [topic: string, notices: SentNotice[]][] = [];
  let left = most;
  for (const topic of board.topics()) {
    const notices: SentNotice[] = [];
    for (const [key, notice] of board.of(topic, now)) {
      if (left === 0) break;
      left -= 1;
      notices.push(sent(key, notice, now));
      board.delete(topic, key);
    }
    if (notices.length > 0) taken.push([topic, notices]);
  }
  return taken;
}

function sent(key: string, { value, until }: KeptNotice, now: number): SentNotice {
  return value === undefined ? [key, null, 0] : [key, value, Math.ceil(until - now)];
}
