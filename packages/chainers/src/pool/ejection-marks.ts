import type { DownMark, FailureMarks } from '../servers/down-marks.ts';
import type { Members } from './members.ts';

/** The servers of a pool that are taken out, as operators see them. */
export class EjectionMarks implements FailureMarks {
  /** Set once, when there are members. */
  members: Members | undefined = undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  all(): (readonly [key: string, mark: DownMark])[] {
    const now = this.#now();
    const found: (readonly [key: string, mark: DownMark])[] = [];
    for (const { id, ejection, failure } of this.members?.all ?? []) {
      if (failure === undefined || !ejection.isOut(now)) continue;
      found.push([id, { ...failure, until: Date.now() + ejection.until - now }]);
    }
    return found;
  }

  clear(key: string): void {
    const member = this.members?.all.find(({ id }) => id === key);
    if (member === undefined) return;
    member.failure = undefined;
    member.ejection.readmit();
    this.members?.refresh(this.#now());
  }
}
