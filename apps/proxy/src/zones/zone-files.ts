import type { AddressZones, Contested, Logger } from '@inband/core';
import { stampOf } from '../config/read/bounded-file.ts';
import { readZoneFile, ZoneFileError } from '../config/read/zone-file.ts';
import type { ZoneList } from '../config/read/zone-lists.ts';

/** The stamp of a file that could not be read. */
const UNREAD = 'unread';

/** Milliseconds between two checks of a file. */
const LOOK = 1_000;

/**
 * Follows the files of zones. A new version replaces the old one when it is unchanged at two checks in a row, so that a half-written
 * file is not used. While a file is wrong or missing, the old version stays in use.
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
    // This timer does not keep the process running.
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
  /** The stamp of the version that was read last, valid or not. */
  #read: string;
  /** What was logged last about a file that cannot be used. */
  #said: string | undefined = undefined;
  /** The stamp at the last check. */
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
    // The problems of another version are logged again.
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
      // A file that could not be read may become readable without a change, so it is read again at each check. It is logged once.
      if (!(error instanceof ZoneFileError) || error.unread) this.#read = UNREAD;
      const text = problems.join();
      if (text === this.#said) return;
      this.#said = text;
      this.#logger.warn({ zone, file: name, problems }, 'a file of a zone cannot be used; the zone stays as it was');
    }
  }
}

/** Logs which zones claim the same networks, if there are any. */
export function warnContested({ count, zones }: Contested, logger: Logger): void {
  if (count === 0) return;
  const contested = [...zones].map(([loser, winner]) => ({ zone: loser, goesTo: winner }));
  logger.warn({ count, contested }, 'networks belong to several zones; the first zone of the configuration has them');
}
