import { type ClientConnection, type Service, Session } from '@inband/core';
import { AsyncResource, createHook, executionAsyncResource } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { getCallSites } from 'node:util';
import { collectGarbage } from './collect-garbage.ts';
import { openFiles } from './open-files.ts';

interface LeakCheckOptions {
  /** Returns the number of session records so far. Without it, or if that is undefined in the end, sessions are not counted. */
  readonly recorded?: () => number | undefined;
  /** Milliseconds until sockets must have ended and promises must be collected. */
  readonly patience?: number;
}

/**
 * Runs `body`, then fails if something that began in it is left: descriptors of sockets and pipes, handles of Node.js, timers and pending
 * promises of our sources, or sessions without a record.
 */
export async function leakChecked(body: () => Promise<void>, options: LeakCheckOptions = {}): Promise<void> {
  const { recorded, patience = 5_000 } = options;
  const tracker = new Tracker();
  const before = { descriptors: new Set(descriptors()), handles: handles(), sessions: lastSession() };
  const recordedBefore = recorded?.() ?? 0;
  try {
    await body();
    const begun = lastSession() - before.sessions - 1;
    const problems = (): string[] => [
      ...descriptors().filter((descriptor) => !before.descriptors.has(descriptor)),
      ...surplus(handles(), before.handles),
      ...tracker.left(),
      ...unrecorded(begun, differenceOf(recorded?.(), recordedBefore)),
    ];
    const left = await untilEmpty(problems, patience);
    if (left.length > 0) throw new Error(`Left open: ${left.join('; ')}`);
  } finally {
    tracker.stop();
  }
}

/**
 * Polls until nothing is left or the time is over, because no event announces a garbage collection. One takes a tenth of a
 * second where many files share a process, so it looks before the first, and less and less often. What was under way at the
 * end of the body has a few iterations to go on.
 */
async function untilEmpty(problems: () => string[], patience: number): Promise<string[]> {
  const timeout = performance.now() + patience;
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  for (let pause = 0; ; pause = 2 * pause + 10) {
    const left = problems();
    if (left.length === 0 || performance.now() > timeout) return left;
    await wait(pause);
    await collectGarbage();
  }
}

/** The sockets and pipes of this process, each with a unique name. Empty where there is no /proc. */
function descriptors(): string[] {
  return openFiles('self').filter((target) => /^(?:socket|pipe):/.test(target));
}

type Counts = ReadonlyMap<string, number>;

/** The handles that the event loop waits for, except those of the test runner and of this check. */
function handles(): Counts {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    if (/^(?:TCP|Pipe|GetAddrInfo|UDP|Process)/.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function surplus(now: Counts, before: Counts): string[] {
  return [...now].flatMap(([name, count]) => {
    const more = count - (before.get(name) ?? 0);
    return more > 0 ? [`${more} ${name}`] : [];
  });
}

/** The number of sessions so far, which the number of a new session tells. */
function lastSession(): number {
  return new Session({} as ClientConnection, {} as Service).id;
}

function differenceOf(now: number | undefined, before: number): number | undefined {
  return now === undefined ? undefined : now - before;
}

function unrecorded(begun: number, recorded: number | undefined): string[] {
  if (recorded === undefined || begun === recorded) return [];
  return [`${begun} sessions began and ${recorded} were recorded`];
}

const OUR_SOURCES = /\/(?:packages\/[^/]+|apps\/[^/]+)\/src\/(?!.*\.test\.ts$)/;
const TRACKED = new Set(['PROMISE', 'Timeout', 'Immediate']);

/** Tracks the timers and promises that our sources make from now on. */
class Tracker {
  readonly #open = new Map<number, { readonly name: string; readonly resource: WeakRef<object> }>();
  /** What was begun before has a lower number. */
  readonly #since = new AsyncResource('leak check').asyncId();
  readonly #hook = createHook({
    init: (id, type, trigger, resource: object) => {
      // A timer that another test has left may begin the next one at any time.
      const isOlder = trigger < this.#since && executionAsyncResource().constructor.name === 'Timeout';
      const name = TRACKED.has(type) && !isOlder ? madeByUs(type) : undefined;
      if (name !== undefined) this.#open.set(id, { name, resource: new WeakRef(resource) });
    },
    promiseResolve: (id) => void this.#open.delete(id),
    destroy: (id) => void this.#open.delete(id),
  }).enable();

  /** Pending promises that are still referenced. Unreferenced ones are no leak. */
  left(): string[] {
    return [...this.#open.values()].filter(({ resource }) => resource.deref() !== undefined).map(({ name }) => name);
  }

  stop(): void {
    this.#hook.disable();
  }
}

/** The place in our sources where it was made, or undefined when other code made it. */
function madeByUs(type: string): string | undefined {
  const maker = getCallSites(8).find(({ scriptName }) => !scriptName.startsWith('node:') && scriptName !== ownScript());
  if (maker === undefined || !OUR_SOURCES.test(maker.scriptName)) return undefined;
  return `${type} of ${maker.functionName || 'a function'} (${maker.scriptName}:${maker.lineNumber})`;
}

/** The path of this file in the form of call sites, which is a URL in ES modules. */
let own: string | undefined;

function ownScript(): string {
  return (own ??= getCallSites(1)[0]?.scriptName ?? '');
}
