import type { RequestView, Session } from '@inband/core';
import { DROPPED, MARKS, SLOTS } from '../parser/head-table.ts';
import type { RequestHead } from '../head/request-head.ts';

/** A request head as chainers see it. It shows nothing once the session has another view or none, because heads are used again. */
export class HeadView implements RequestView {
  readonly #head: RequestHead;
  readonly #session: Session;

  constructor(head: RequestHead, session: Session) {
    this.#head = head;
    this.#session = session;
  }

  get path(): string {
    const target = this.#target();
    const mark = target.indexOf('?');
    return mark < 0 ? target : target.slice(0, mark);
  }

  get query(): string | undefined {
    const target = this.#target();
    const mark = target.indexOf('?');
    return mark < 0 ? undefined : target.slice(mark + 1);
  }

  field(name: string): string | undefined {
    const index = this.#next(name, 0);
    return index < 0 ? undefined : this.#head.value(index);
  }

  fields(name: string): readonly string[] {
    const values: string[] = [];
    for (let index = this.#next(name, 0); index >= 0; index = this.#next(name, index + 1)) {
      values.push(this.#head.value(index));
    }
    return values;
  }

  get #isOver(): boolean {
    return this.#session.request !== this;
  }

  /** Path and query. */
  #target(): string {
    if (this.#isOver) return '';
    const { base, buffer, pathEnd, pathStart } = this.#head;
    return buffer.toString('latin1', base + pathStart, base + pathEnd);
  }

  /** The first field with this name from `index` on that servers get, too. -1 if there is none. */
  #next(name: string, from: number): number {
    if (this.#isOver) return -1;
    const { fieldCount, fields } = this.#head;
    for (let index = from; index < fieldCount; index += 1) {
      const isDropped = ((fields[index * SLOTS + MARKS] ?? 0) & DROPPED) !== 0;
      if (!isDropped && this.#head.isNamed(index, name)) return index;
    }
    return -1;
  }
}
