import { NoticeBoard, OVER } from './notice-board.ts';
import { NoticeOutbox, noticesOf, type SendNotices, type SentNotices } from './notice-outbox.ts';

/** Passes notices on between processes, and keeps them for those that come later. It is in the process that started them. */
export class NoticeHub<Process> {
  readonly #board = new NoticeBoard();
  readonly #outboxes = new Map<Process, NoticeOutbox>();

  /** What a process is to know from the beginning. */
  get known(): SentNotices {
    return noticesOf(this.#board);
  }

  /** A process is there that knows what is {@link known}. It gets by `send` what comes later. */
  join(process: Process, send: SendNotices): void {
    this.#outboxes.set(process, new NoticeOutbox(send));
  }

  leave(process: Process): void {
    this.#outboxes.get(process)?.close();
    this.#outboxes.delete(process);
  }

  /** What a process tells the others. */
  take(from: Process, notices: SentNotices): void {
    const now = performance.now();
    for (const [topic, told] of notices) {
      for (const [key, value, ttl] of told) {
        const notice = value === null ? OVER : { value, until: now + ttl };
        if (value === null) this.#board.delete(topic, key);
        else this.#board.set(topic, key, notice);
        for (const [process, outbox] of this.#outboxes) if (process !== from) outbox.add(topic, key, notice);
      }
    }
  }
}
