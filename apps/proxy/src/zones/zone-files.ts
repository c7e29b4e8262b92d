import type { AddressZones, Contested, Logger } from '@inband/core';
import { readZoneFile, stampOf, ZoneFileError } from '../config/read/zone-file.ts';
import type { ZoneList } from '../config/read/zone-lists.ts';

/** The stamp of no file. */
const UNREAD = 'unread';

/** Milliseconds between two looks at a file. */
const LOOK = 1_000;

/**
 * Follows the files of zones: a new version takes the place of the old one once it has stood unchanged for a look, so
 * that nobody's half-written file counts. One that is wrong or gone leaves the old one in place.
 */
export class ZoneFiles {
  readonly #files: readonly FollowedFile[];
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  constructor(lists: readonly ZoneList[], zones: AddressZones, logger: Logger, interval = LOOK) {
    this.#files = lists.map((list) => new FollowedFile(list, zones, logger));
    this.#interval = interval;
  }

  start(): void {
    if (this.#closed || this.#files.length === 0) return;
    // The program may end meanwhile.
    this.#timer = setTimeout(() => void this.#look(), this.#interval).unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    for (const file of this.#files) if (!this.#closed) await file.look();
    this.start();
  }
}

class FollowedFile {
  readonly #list: ZoneList;
  readonly #zones: AddressZones;
  readonly #logger: Logger;
  /** Of the version that was read last, whether it could be used or not. */
  #read: string;
  /** What was said of it last, while it cannot be used. */
  #said: string | undefined = undefined;
  /** Seen at the last look. */
  #seen: string;

  constructor(list: ZoneList, zones: AddressZones, logger: Logger) {
    this.#list = list;
    this.#zones = zones;
    this.#logger = logger;
    this.#read = list.stamp;
    this.#seen = list.stamp;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const { zone, name, path, index } = this.#list;
    const stamp = await stampOf(path).catch(() => 'none');
    const settled = stamp === this.#seen;
    this.#seen = stamp;
    if (!settled || stamp === this.#read) return;
    // Of another version everything is said.
    if (this.#read !== UNREAD) this.#said = undefined;
    this.#read = stamp;
    try {
      const { networks } = await readZoneFile(path, name);
      const contested = await this.#zones.replaceNetworks(zone, index, networks);
      this.#said = undefined;
      this.#logger.info({ zone, file: name, networks: networks.size }, 'a file of a zone was read again');
      warnContested(contested, this.#logger);
    } catch (error) {
      const problems = error instanceof ZoneFileError ? error.problems : [String(error)];
      // What could not be read may be readable in a moment, unchanged: it is tried again at each look, and said once.
      if (!(error instanceof ZoneFileError) || error.unread) this.#read = UNREAD;
      const text = problems.join();
      if (text === this.#said) return;
      this.#said = text;
      this.#logger.warn({ zone, file: name, problems }, 'a file of a zone cannot be used; the zone stays as it was');
    }
  }
}

/** Says which zones share networks, where some do. */
export function warnContested({ count, zones }: Contested, logger: Logger): void {
  if (count === 0) return;
  const contested = [...zones].map(([loser, winner]) => ({ zone: loser, goesTo: winner }));
  logger.warn({ count, contested }, 'networks belong to several zones; the first zone of the configuration has them');
}
