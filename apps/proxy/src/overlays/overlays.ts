import { hash } from 'node:crypto';
import { loadPatched, readAgain, readUnder } from '../config/load-config.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import type { PushedFiles } from '../config/read/config-files.ts';
import type { MergePatch } from '../config/read/merge-patch.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import { canonicalText } from '../run/plan/canonical-text.ts';

/** Milliseconds until the next attempt to take one back whose time is over. */
const NEXT_ATTEMPT = 30_000;

/** A change of the configuration by the admin API, which lies over what the file says until it expires. */
export interface Overlay {
  /** Unique while the program runs: `o1`. */
  readonly id: string;
  readonly patch: MergePatch;
  /** Who made it, and when. */
  readonly by: string;
  readonly at: Date;
  readonly expires: Date;
}

/** A configuration that overlays lie over. It becomes the current one by {@link Overlays.commit}. */
export interface Overlaid {
  readonly parsed: ParsedConfig;
  /** With the overlays applied. */
  readonly source: ConfigSource;
  /** Without them. */
  readonly base: ConfigSource;
  readonly overlays: readonly Overlay[];
  /** Overlays that do not fit any more, and why. */
  readonly dropped: readonly { readonly overlay: Overlay; readonly why: ConfigError }[];
}

/**
 * The overlays of a program. A configuration is loaded with them, then tried, and becomes current or not. The one who owns it makes
 * sure that there is one at a time.
 */
export class Overlays {
  #base: ConfigSource;
  #current: ConfigSource;
  /** Of the current configuration, once somebody has asked for it. */
  #hash: string | undefined = undefined;
  #overlays: readonly Overlay[] = [];
  #lastId = 0;
  /** Called when the time of one is over. */
  readonly #onExpired: (overlay: Overlay) => void;
  readonly #timers = new Map<Overlay, NodeJS.Timeout>();

  /** `source` is the configuration with which the program has begun. */
  constructor(source: ConfigSource, onExpired: (overlay: Overlay) => void) {
    this.#base = source;
    this.#current = source;
    this.#onExpired = onExpired;
  }

  /** The oldest first. */
  get all(): readonly Overlay[] {
    return this.#overlays;
  }

  /** The current configuration, with them. */
  get current(): ConfigSource {
    return this.#current;
  }

  /** What the current one has from a push to all members, as `version 17`; undefined where it is the file alone. */
  get pushed(): string | undefined {
    return this.#current.files?.pushed?.name;
  }

  /** Changes with the content of the current configuration, whatever it came from. */
  get hash(): string {
    return (this.#hash ??= hashOf(this.#current.value));
  }

  /** The file, read again, with all overlays that fit. Rejects with a `ConfigError` that is about the file. */
  async again(): Promise<Overlaid> {
    return fitting(await readAgain(this.#base), this.#overlays);
  }

  /**
   * With another configuration for all members of a cluster; undefined for what the file itself says. The file is read again. Rejects with a
   * `ConfigError` that is about either.
   */
  async underPushed(pushed: PushedFiles | undefined): Promise<Overlaid> {
    return fitting(await readUnder(this.#base, pushed), this.#overlays);
  }

  /** Another configuration, with all overlays that fit. Rejects with a `ConfigError` that is about the configuration. */
  over(source: ConfigSource): Promise<Overlaid> {
    return fitting(source, this.#overlays);
  }

  /** With one more. Rejects with a `ConfigError` that is about that. */
  async with(patch: MergePatch, by: string, lasts: number): Promise<Overlaid> {
    this.#lastId += 1;
    const at = new Date();
    const overlay = { id: `o${this.#lastId}`, patch, by, at, expires: new Date(at.getTime() + lasts) };
    return overlaid(this.#base, [...this.#overlays, overlay]);
  }

  /** Without one, and without those that need it. */
  without(overlay: Overlay): Promise<Overlaid> {
    return fitting(
      this.#base,
      this.#overlays.filter((other) => other !== overlay),
    );
  }

  /** Makes it the current configuration. */
  commit({ base, source, overlays }: Overlaid): void {
    this.#base = base;
    this.#current = source;
    this.#hash = undefined;
    this.#overlays = overlays;
    for (const [overlay, timer] of this.#timers) {
      if (overlays.includes(overlay)) continue;
      clearTimeout(timer);
      this.#timers.delete(overlay);
    }
    for (const overlay of overlays) if (!this.#timers.has(overlay)) this.#start(overlay);
  }

  /**
   * Has the one whose time is over told once more, later: an address may be in use, or a file may be missing, and it must not stay
   * because of that.
   */
  expireLater(overlay: Overlay): void {
    if (this.#overlays.includes(overlay)) this.#start(overlay, NEXT_ATTEMPT);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #start(overlay: Overlay, wait = overlay.expires.getTime() - Date.now()): void {
    this.#timers.set(overlay, setTimeout(() => this.#onExpired(overlay), Math.max(0, wait)).unref());
  }
}

/** The hash of a configuration, by which changes say what they are changes of. */
export function hashOf(value: unknown): string {
  return hash('sha256', canonicalText(value)).slice(0, 20);
}

async function overlaid(base: ConfigSource, overlays: readonly Overlay[]): Promise<Overlaid> {
  const [parsed, source] = await loadPatched(
    base,
    overlays.map(({ patch }) => patch),
  );
  return { parsed, source, base, overlays, dropped: [] };
}

/** With the overlays that fit, each with those before it. Rejects if the base is wrong without any. */
async function fitting(base: ConfigSource, overlays: readonly Overlay[]): Promise<Overlaid> {
  const all = await attempt(base, overlays);
  if (!(all instanceof ConfigError)) return all;
  if (overlays.length === 0) throw all;
  let fits = await overlaid(base, []);
  const dropped: { overlay: Overlay; why: ConfigError }[] = [];
  for (const overlay of overlays) {
    const next = await attempt(base, [...fits.overlays, overlay]);
    if (next instanceof ConfigError) dropped.push({ overlay, why: next });
    else fits = next;
  }
  return { ...fits, dropped };
}

async function attempt(base: ConfigSource, overlays: readonly Overlay[]): Promise<Overlaid | ConfigError> {
  try {
    return await overlaid(base, overlays);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}
