import type { Logger } from '@inband/core';
import type { ParsedConfig } from '../config/parse-config.ts';
import { errorsOf } from '../config/problem/placed.ts';
import type { PushedFiles } from '../config/read/config-files.ts';
import type { MergePatch } from '../config/read/merge-patch.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { describeFailure } from '../log/describe-failure.ts';
import { ReloadRequests } from '../run/reload-requests.ts';
import { LOCAL_SECTIONS } from '../config/read/pushed-source.ts';
import type { Reloaded } from '../run/running.ts';
import { type Overlaid, type Overlay, Overlays } from './overlays.ts';

/** Makes a configuration the current one. Rejects with a `ConfigError` if it cannot be; then nothing has changed. */
type Apply = (parsed: ParsedConfig, source: ConfigSource) => Promise<Reloaded>;

export interface ConfigChangesDeps {
  /** What the program has begun with. */
  readonly source: ConfigSource;
  readonly apply: Apply;
  /** Runs each reload, from the beginning to the end. */
  readonly during: (reload: () => Promise<Reloaded>) => Promise<Reloaded>;
  readonly logger: Logger;
}

const UNDER_PUSHED = 'what was pushed to all members lies over the file: only these sections are its own';

/** A change that was made. */
export interface Changed {
  readonly overlay: Overlay;
  readonly reloaded: Reloaded;
}

/** All ways by which the configuration of a program is replaced, one after the other: its file, and changes over that. */
export class ConfigChanges {
  readonly overlays: Overlays;
  readonly #logger: Logger;
  readonly #apply: Apply;
  readonly #during: ConfigChangesDeps['during'];
  readonly #requests: ReloadRequests<Reloaded>;
  readonly #source: ConfigSource;
  #isClosed = false;

  constructor({ source, apply, during, logger }: ConfigChangesDeps) {
    this.#apply = apply;
    this.#during = during;
    this.#logger = logger;
    this.#source = source;
    this.#requests = new ReloadRequests(() => this.#again(), logger);
    this.overlays = new Overlays(source, (overlay) => {
      this.drop(overlay, { why: 'its time is over' }).catch((error: unknown) => {
        const fields = { overlay: overlay.id, detail: describeFailure(error) };
        logger.error(fields, 'a change of the configuration whose time is over cannot be taken back');
        this.overlays.expireLater(overlay);
      });
    });
  }

  /** Reads the file again. `fields` say who asks. A failure is logged. */
  ask(fields: object): void {
    this.#requests.ask(fields);
  }

  /** The same. Resolves with what it has done. */
  askFor(fields: object): Promise<Reloaded> {
    return this.#requests.askFor(fields);
  }

  /** The program that embeds the proxy has another configuration. */
  replace(source: ConfigSource): Promise<Reloaded> {
    return this.#requests.exclusively(() => this.#become(() => this.overlays.over(source)));
  }

  /** All members of a cluster have another configuration; undefined: this one has what its file says. */
  push(pushed: PushedFiles | undefined): Promise<Reloaded> {
    return this.#requests.exclusively(() => this.#become(() => this.overlays.underPushed(pushed)));
  }

  /** Puts a change over the configuration, for `lasts` milliseconds. `check`: see {@link ReloadRequests.exclusively}. */
  async change(
    patch: MergePatch,
    { by, lasts, check }: { by: string; lasts: number; check: () => void },
  ): Promise<Changed> {
    const reloaded = await this.#requests.exclusively(
      () => this.#become(() => this.overlays.with(patch, by, lasts)),
      check,
    );
    const overlay = this.overlays.all.at(-1);
    if (overlay === undefined) throw new Error('The change is gone.');
    const { id, expires } = overlay;
    this.#logger.warn(
      { overlay: id, admin: by, expires, patch: Object.keys(patch) },
      'the configuration was changed by the admin API',
    );
    return { overlay, reloaded };
  }

  /** Takes a change back. `fields` say why. */
  async drop(overlay: Overlay, fields: object): Promise<Reloaded> {
    const reloaded = await this.#requests.exclusively(() => this.#become(() => this.overlays.without(overlay)));
    this.#logger.warn({ overlay: overlay.id, ...fields }, 'a change of the configuration was taken back');
    return reloaded;
  }

  /** The program is about to end. Refuses what is asked from now on, what waits for its turn, and what has not been read yet. */
  close(): void {
    this.#isClosed = true;
    this.overlays.close();
  }

  /** Whoever has edited the file is told when most of it does not count. */
  async #again(): Promise<Reloaded> {
    const reloaded = await this.#become(() => this.overlays.again());
    const { pushed } = this.overlays;
    if (pushed !== undefined) this.#logger.info({ pushed, ofOwnFile: LOCAL_SECTIONS }, UNDER_PUSHED);
    return reloaded;
  }

  async #become(load: () => Promise<Overlaid>): Promise<Reloaded> {
    this.#refuseAtTheEnd();
    return this.#during(() => this.#load(load));
  }

  async #load(load: () => Promise<Overlaid>): Promise<Reloaded> {
    const next = await load();
    this.#refuseAtTheEnd();
    const reloaded = await this.#apply(next.parsed, next.source);
    this.overlays.commit(next);
    for (const { overlay, why } of next.dropped) {
      const fields = { overlay: overlay.id, admin: overlay.by, detail: why.message };
      this.#logger.warn(fields, 'a change of the configuration does not fit any more, and is dropped');
    }
    return reloaded;
  }
  #refuseAtTheEnd(): void {
    if (this.#isClosed) throw errorsOf(this.#source, [{ path: [], message: 'the program is stopping.' }]);
  }
}
