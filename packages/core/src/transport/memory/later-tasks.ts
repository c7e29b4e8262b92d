/** Taken before a test can install fake timers. */
const nextIteration = globalThis.setImmediate;

/** Tasks for later iterations of the event loop, in order. */
export class LaterTasks {
  #tasks: (() => void)[] = [];

  /** Runs `task` in the next event-loop iteration, after all that was scheduled before it. */
  schedule(task: () => void): void {
    if (this.#tasks.push(task) === 1) nextIteration(this.#run);
  }

  /** What a task schedules waits for the next iteration, so that promises settle in between. */
  readonly #run = (): void => {
    const tasks = this.#tasks;
    this.#tasks = [];
    let done = 0;
    try {
      for (const task of tasks) {
        done += 1;
        task();
      }
    } finally {
      // A handler that throws must not silence the others.
      if (done < tasks.length) {
        this.#tasks = tasks.slice(done).concat(this.#tasks);
        nextIteration(this.#run);
      }
    }
  };
}
