import { NoticeHub, type Notices, type SentNotices, WorkerNotices } from '@inband/core';

/** Milliseconds without an answer after which another worker does what is done once for the machine. */
const LONGEST_SILENCE = 3_000;
/** Milliseconds between two looks at that. */
const INTERVAL = 1_000;

/** A worker, as far as this goes. */
interface Worker {
  /** Milliseconds without an answer to a ping. */
  readonly silence: number;
  /** Called with what it tells the others. */
  onNotices: (notices: SentNotices) => void;
  /** Calls `sent` when the message is gone, or never can be. */
  tellNotices(notices: SentNotices, sent: () => void): void;
  tellDuty(isOurs: boolean): void;
}

/**
 * What workers tell each other goes through here, in the supervisor: see `Notices`. It also says which of them does what is done once for the
 * machine: the first that accepts clients and answers.
 */
export class MachineNotices {
  readonly #hub = new NoticeHub<object>();
  readonly #ready: ReadonlyMap<number, Worker>;
  readonly #timer: NodeJS.Timeout;
  #onDuty: Worker | undefined = undefined;
  #own: WorkerNotices | undefined = undefined;

  /** `ready`: the workers that accept clients, by number. It changes while they come and go. */
  constructor(ready: ReadonlyMap<number, Worker>) {
    this.#ready = ready;
    this.#timer = setInterval(() => this.choose(), INTERVAL).unref();
  }

  /** For the supervisor itself, which takes part only where it has something to tell. */
  get own(): Notices {
    if (this.#own !== undefined) return this.#own;
    const own: WorkerNotices = new WorkerNotices((notices, sent) => {
      this.#hub.take(own, notices);
      sent();
    });
    own.take(this.#hub.known);
    this.#hub.join(own, (notices, sent) => {
      own.take(notices);
      sent();
    });
    return (this.#own = own);
  }

  /** What a worker is to know when it is started. */
  get known(): SentNotices {
    return this.#hub.known;
  }

  /** A worker was started, with what is {@link known}. */
  join(worker: Worker): void {
    this.#hub.join(worker, (notices, sent) => worker.tellNotices(notices, sent));
    worker.onNotices = (notices) => this.#hub.take(worker, notices);
  }

  /** A worker has ended. */
  leave(worker: Worker): void {
    this.#hub.leave(worker);
    this.choose();
  }

  /** To be called when other workers accept clients than before. */
  choose(): void {
    const workers = [...this.#ready].toSorted(([a], [b]) => a - b).map(([, worker]) => worker);
    const chosen = workers.find(({ silence }) => silence < LONGEST_SILENCE) ?? workers[0];
    if (chosen === this.#onDuty) return;
    this.#onDuty?.tellDuty(false);
    this.#onDuty = chosen;
    chosen?.tellDuty(true);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#own?.close();
  }
}
