import { HostList, type Logger } from '@inband/core';
import { type HostFile, readHostFile } from '../config/lists/host-file.ts';
import { FollowedFile, LOOK_INTERVAL } from './followed-file.ts';

export interface FollowedHostListOptions {
  readonly path: string;
  /** As the configuration names the file. */
  readonly name: string;
  /** The version at the start. */
  readonly file: HostFile;
  readonly logger: Logger;
  /** Milliseconds between two checks. Default: 1 s. */
  readonly interval?: number;
}

/** A list of hosts with what its file has now, until it is closed. */
export class FollowedHostList {
  readonly list: HostList;
  readonly #file: FollowedFile;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;
  #looks = false;

  constructor({ path, name, file, logger, interval = LOOK_INTERVAL }: FollowedHostListOptions) {
    this.list = new HostList(name, file.hosts);
    this.#interval = interval;
    this.#file = new FollowedFile({
      path,
      stamp: file.stamp,
      use: async () => {
        const { hosts } = await readHostFile(path, name);
        if (this.#closed) return;
        this.list.replace(hosts);
        logger.info({ file: name, hosts: hosts.size }, 'a list of hosts was read again');
      },
      complain: (problems) =>
        logger.warn({ file: name, problems }, 'a list of hosts cannot be used; it stays as it was'),
    });
    this.#wait();
  }

  /** Has the file looked at now. */
  ask(): void {
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looks || this.#closed) return;
    this.#looks = true;
    clearTimeout(this.#timer);
    await this.#file.look();
    this.#looks = false;
    this.#wait();
  }

  #wait(): void {
    // This timer does not keep the process running.
    if (!this.#closed) this.#timer = setTimeout(() => void this.#look(), this.#interval).unref();
  }
}
