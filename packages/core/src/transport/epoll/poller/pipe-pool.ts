import type { Pipe, System } from '../system/system.ts';

/** What one pipe holds: as much as the system permits an ordinary user. */
export const PIPE_LENGTH = 1024 * 1024;

/** Half of what the system permits an ordinary user (`fs.pipe-user-pages-soft`) in pipes of this length. */
const MOST_PIPES = 32;

/** Milliseconds that pipes outlive the last one who may want them: the next body is mostly not far. */
const LINGER = 1_000;

/**
 * The pipes of the process. A connection has one only while octets are on their way through it, so that idle tunnels
 * hold none, and the pool is bounded, so that slow readers cannot fill the kernel's memory.
 */
export class PipePool {
  readonly #system: System;
  readonly #empty: Pipe[] = [];
  #made = 0;
  #users = 0;
  #shrinks = false;

  constructor(system: System) {
    this.#system = system;
  }

  /** Somebody may want pipes from now on. */
  join(): void {
    this.#users += 1;
  }

  /** Who joined wants no more; the pipes go soon after the last one. */
  leave(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#shrinks) return;
    this.#shrinks = true;
    setTimeout(() => this.#shrinkUnused(), LINGER).unref();
  }

  #shrinkUnused(): void {
    this.#shrinks = false;
    if (this.#users === 0) this.shrink();
  }

  /** An empty pipe, or undefined when there is none to be had. */
  take(): Pipe | undefined {
    const empty = this.#empty.pop();
    if (empty !== undefined || this.#made >= MOST_PIPES) return empty;
    const pipe = this.#system.createPipe(PIPE_LENGTH);
    if (typeof pipe === 'number') return undefined;
    this.#made += 1;
    return pipe;
  }

  /** Takes back an empty pipe. */
  give(pipe: Pipe): void {
    this.#empty.push(pipe);
  }

  /** Closes a pipe together with what it holds. */
  discard(pipe: Pipe): void {
    this.#made -= 1;
    this.#system.close(pipe.read);
    this.#system.close(pipe.write);
  }

  /** Closes the empty ones: they would keep descriptors that somebody waits for. */
  shrink(): void {
    for (const pipe of this.#empty.splice(0)) this.discard(pipe);
  }
}
