import { Heartbeat, INTERVAL, processorWait } from './heartbeat.ts';

/** A worker process that is watched over: it is asked now and then, and ended when it does not answer. */
export interface Pulse {
  /** Milliseconds without an answer. */
  readonly silent: number;
  /** See `Heartbeat.isBusy`. */
  isBusy: boolean;
  /** A message of it has come. */
  answered(): void;
  stop(): void;
}

export interface PulseDeps {
  readonly pid: number | undefined;
  /** Milliseconds without an answer after which `onSilent` is called. */
  readonly limit: number;
  readonly ask: () => void;
  readonly onSilent: (silentFor: number) => void;
}

/** Watches over a process until `stop` is called. */
export function watchOver({ pid, limit, ask, onSilent }: PulseDeps): Pulse {
  const waited = processorWait(pid ?? 0);
  const heartbeat = new Heartbeat({ limit, ask, waited, now: () => performance.now(), onSilent });
  const timer = setInterval(() => heartbeat.tick(), INTERVAL);
  return {
    answered: () => heartbeat.answered(),
    stop: () => clearInterval(timer),
    get silent() {
      return heartbeat.silent;
    },
    get isBusy() {
      return heartbeat.isBusy;
    },
    set isBusy(isBusy: boolean) {
      heartbeat.isBusy = isBusy;
    },
  };
}
