import { FileFollower, type FollowerTimes, type Looked } from '@inband/files';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PacLog } from './log.ts';

export interface FollowedTextDeps {
  /** Gets each other text once, when it has been the same for two looks. */
  readonly changed: (text: string) => void;
  readonly log: PacLog;
  readonly times?: Partial<FollowerTimes> | undefined;
}

/** The text of a file, which is read again when something happens in its folder, and once a minute. */
export class FollowedText {
  readonly #path: string;
  readonly #changed: (text: string) => void;
  readonly #follower: FileFollower;
  #told: string;
  /** What the last look found. */
  #seen: string | undefined = undefined;
  #isClosed = false;

  /** `text`: what was read before. */
  constructor(path: string, text: string, { changed, log, times }: FollowedTextDeps) {
    this.#path = path;
    this.#told = text;
    this.#changed = changed;
    this.#follower = new FileFollower(() => this.#look(), log, times);
    this.#follower.start([dirname(path)]);
  }

  close(): void {
    this.#isClosed = true;
    this.#follower.close();
  }

  async #look(): Promise<Looked> {
    // Between two steps of an editor there may be no file.
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    const isNew = text !== undefined && text !== this.#told;
    const isSettled = !isNew || text === this.#seen;
    this.#seen = text;
    if (isNew && isSettled && !this.#isClosed) {
      this.#told = text;
      this.#changed(text);
    }
    return { isSettled, folders: [dirname(this.#path)], files: 1 };
  }
}
