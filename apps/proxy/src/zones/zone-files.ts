import type { AddressZones, Contested, Logger } from '@inband/core';
import type { ZoneList } from '../config/lists/zone-lists.ts';
import { readZoneFile } from '../config/lists/zone-file.ts';
import { FollowedFile, LOOK_INTERVAL } from '../lists/followed-file.ts';

/** Follows the files of zones: see {@link FollowedFile}. */
export class ZoneFiles {
  readonly #files: readonly FollowedFile[];
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  constructor(lists: readonly ZoneList[], zones: AddressZones, logger: Logger, interval = LOOK_INTERVAL) {
    this.#files = lists.map((list) => follow(list, zones, logger));
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

function follow(list: ZoneList, zones: AddressZones, logger: Logger): FollowedFile {
  const { zone, name, path, index, stamp } = list;
  return new FollowedFile({
    path,
    stamp,
    use: async () => {
      const { networks } = await readZoneFile(path, name);
      const contested = await zones.replaceNetworks(zone, index, networks);
      logger.info({ zone, file: name, networks: networks.size }, 'a file of a zone was read again');
      warnContested(contested, logger);
    },
    complain: (problems) =>
      logger.warn({ zone, file: name, problems }, 'a file of a zone cannot be used; the zone stays as it was'),
  });
}

/** Logs which zones claim the same networks, if there are any. */
export function warnContested({ count, zones }: Contested, logger: Logger): void {
  if (count === 0) return;
  const contested = [...zones].map(([loser, winner]) => ({ zone: loser, goesTo: winner }));
  logger.warn({ count, contested }, 'networks belong to several zones; the first zone of the configuration has them');
}
