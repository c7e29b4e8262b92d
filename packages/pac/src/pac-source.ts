import type { FollowerTimes } from '@inband/files';
import type { Dispatcher } from 'undici';
import { PacError } from './base/pac-error.ts';
import { Decisions } from './decisions.ts';
import { PacFile } from './pac-file.ts';
import { FetchedText } from './text/fetched-text.ts';
import { FollowedText } from './text/followed-text.ts';
import type { PacLog } from './text/log.ts';

/** Where a PAC file comes from. */
export type PacPlace =
  | { readonly path: string; readonly text: string; readonly times?: Partial<FollowerTimes> | undefined }
  | { readonly url: string; readonly refresh: number; readonly dispatcher?: Dispatcher | undefined };

export interface PacSourceDeps<Answer> {
  /** The addresses of a name, none where it has none. Rejects where that cannot be known. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** What is kept of an answer. What it throws is kept, too. */
  readonly understand: (text: string) => Answer;
  readonly log: PacLog;
}

/**
 * A PAC file in use, as it is now. It is followed or fetched from `start` to `close`. One that changes to something unusable is not
 * taken, and the log says so.
 */
export class PacSource<Answer> {
  readonly #place: PacPlace;
  readonly #deps: PacSourceDeps<Answer>;
  readonly #name: string;
  readonly #file: PacFile;
  readonly #decisions: Decisions<Answer>;
  #text: FollowedText | FetchedText | undefined = undefined;
  /** Why there is no file; undefined where there is one. */
  #problem: string | undefined;

  constructor(place: PacPlace, deps: PacSourceDeps<Answer>) {
    this.#place = place;
    this.#deps = deps;
    this.#name = 'path' in place ? place.path : place.url;
    const alert = (text: string): void => deps.log.debug({ pac: this.#name, text }, 'alert of a PAC file');
    this.#file = new PacFile({ resolve: deps.resolve, alert });
    this.#decisions = new Decisions(this.#file, deps.understand);
    this.#problem = 'text' in place ? undefined : 'it has not been fetched';
    // The first that is asked of the file, so that whoever asks next waits for it. It was checked.
    if ('text' in place) void this.#take(place.text, true);
  }

  /** Begins to follow the file, or to fetch the URL. */
  start(): void {
    const place = this.#place;
    const changed = (text: string): Promise<void> => this.#take(text, this.#problem !== undefined);
    const { log, resolve } = this.#deps;
    if ('text' in place)
      this.#text ??= new FollowedText(place.path, place.text, {
        changed: (text) => void changed(text),
        log,
        times: place.times,
      });
    else this.#text ??= new FetchedText({ ...place, log, resolve }, changed);
  }

  /**
   * What is understood of the answer for a URL: at once where it is kept. Rejects with a {@link PacError}, or what
   * `understand` throws.
   */
  find(url: string, host: string): Answer | Promise<Answer> {
    return this.#problem === undefined ? this.#decisions.find(url, host) : this.#findLater(url, host);
  }

  close(): void {
    this.#text?.close();
    this.#file.close();
  }

  async #findLater(url: string, host: string): Promise<Answer> {
    const fetched = this.#text instanceof FetchedText ? this.#text : undefined;
    await fetched?.first;
    const reason = fetched?.failure ?? this.#problem;
    if (this.#problem === undefined) return this.#decisions.find(url, host);
    throw new PacError('unavailable', `${reason}.`);
  }

  async #take(text: string, isFirst: boolean): Promise<void> {
    const { log } = this.#deps;
    try {
      await this.#file.load(text);
      this.#problem = undefined;
      this.#decisions.clear();
      if (!isFirst) log.info({ pac: this.#name }, 'the PAC file has changed');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (isFirst) this.#problem = reason.replace(/\.$/, '');
      const message = isFirst ? 'the PAC file cannot be used' : 'the PAC file cannot be used, and the one before stays';
      log.warn({ pac: this.#name, reason }, message);
    }
  }
}
