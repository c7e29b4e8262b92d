import type { FilterBody } from '@inband/core';
import { type BodyChange, bytesOf, gathered, isWhole, only, through } from './body-changes.ts';
import type { CollectLimit } from './body-sinks.ts';

/** What becomes of one body: other bytes, or what is made of those that come. */
export class ChangedBody {
  bytes: Buffer | undefined = undefined;
  changes: BodyChange[] = [];
  isChanged = false;

  change(body: FilterBody, errorOf: BodyChange['errorOf']): void {
    this.isChanged = true;
    if (!isWhole(body)) return void this.changes.push({ make: body, errorOf });
    this.bytes = bytesOf(body);
    this.changes = [];
  }

  /** The whole body, as it has become. `collect` reads the one that comes. */
  async whole(collect: () => Promise<Buffer>, { most, tooBig }: CollectLimit, signal: AbortSignal): Promise<Buffer> {
    const bytes = this.bytes ?? (await collect());
    const { changes } = this;
    const whole = changes.length === 0 ? bytes : await gathered(through(changes, only(bytes), signal), most, tooBig);
    if (whole.length > most) throw tooBig();
    this.bytes = whole;
    this.changes = [];
    return whole;
  }
}
