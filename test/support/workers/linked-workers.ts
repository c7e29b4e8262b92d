import { type MadeNotices, NoticeHub, type SentNotices, WorkerNotices } from '@inband/core';

/** Workers of one machine that tell each other something, without processes. */
export class LinkedWorkers {
  readonly workers: WorkerNotices[] = [];
  /** Messages to and from workers, and notices in them. */
  messages = 0;
  notices = 0;
  readonly #hub = new NoticeHub<WorkerNotices>();

  constructor(count: number) {
    for (let number = 0; number < count; number += 1) this.join();
  }

  /** The notices of the same object in each worker. */
  of(owner: string): MadeNotices[] {
    return this.workers.map((worker) => worker.of(owner));
  }

  /** A worker is started. */
  join(): WorkerNotices {
    const worker: WorkerNotices = new WorkerNotices((notices, sent) => {
      this.#count(notices);
      this.#hub.take(worker, asMessage(notices));
      sent();
    });
    worker.take(asMessage(this.#hub.known));
    this.#hub.join(worker, (notices, sent) => {
      this.#count(notices);
      worker.take(asMessage(notices));
      sent();
    });
    this.workers.push(worker);
    return worker;
  }

  /** A worker ends. */
  leave(worker: WorkerNotices): void {
    worker.close();
    this.#hub.leave(worker);
    this.workers.splice(this.workers.indexOf(worker), 1);
  }

  close(): void {
    for (const worker of this.workers.slice()) this.leave(worker);
  }

  #count(notices: SentNotices): void {
    this.messages += 1;
    for (const [, told] of notices) this.notices += told.length;
  }
}

/** As it is on the other side of a channel between processes. */
function asMessage(notices: SentNotices): SentNotices {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what was sent
  return JSON.parse(JSON.stringify(notices)) as SentNotices;
}
