import { type AddressZones, type Logger, type Resolver, ZoneNames } from '@inband/core';
import { warnContested, ZoneFiles } from './zone-files.ts';
import type { ZoneList } from '../config/lists/zone-lists.ts';

/** Milliseconds for which the start waits until the names of zones are resolved. */
const NAMES_WAIT = 5_000;

export interface ZoneKeeperDeps {
  readonly zones: AddressZones;
  readonly resolver: Resolver;
  readonly lists: readonly ZoneList[];
  readonly logger: Logger;
}

/** Updates zones when their files or the addresses of their names change. */
export class ZoneKeeper {
  readonly #deps: ZoneKeeperDeps;
  readonly #names: ZoneNames;
  readonly #files: ZoneFiles;

  constructor(deps: ZoneKeeperDeps) {
    const { zones, resolver, lists, logger } = deps;
    this.#deps = deps;
    this.#names = new ZoneNames({ zones, resolver, logger });
    this.#files = new ZoneFiles(lists, zones, logger);
  }

  /** Resolves the names, for 5 seconds at most, and starts to follow names and files. */
  async start(): Promise<void> {
    warnContested(this.#deps.zones.contested, this.#deps.logger);
    await this.#names.start(NAMES_WAIT);
    this.#files.start();
  }

  close(): void {
    this.#names.close();
    this.#files.close();
  }
}
