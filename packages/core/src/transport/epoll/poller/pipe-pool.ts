import type { Pipe, System } from '../system/system.ts';

/** Bytes that one pipe holds: as many as the system permits an ordinary user. */
export const PIPE_LENGTH = 1024 * 1024;

/** Half of what the system permits an ordinary user (`fs.pipe-user-pages-soft`) in pipes of this length. */
const MOST_PIPES = 32;

/** Milliseconds that empty pipes outlive the last splice, because the next one is mostly not far. */
const LINGER = 1_000;

/**
 * The pipes of the process. A splice has one only while bytes are in it, so that idle tunnels hold none. The pool is
 * bounded, so that slow readers cannot fill the kernel's memory.
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

  /** A splice may acquire pipes from now on. */
  addUser(): void {
    this.#users += 1;
  }

  /** A splice acquires no more. The empty pipes are closed soon after the last one. */
  removeUser(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#shrinks) return;
    this.#shrinks = true;
    setTimeout(() => this.#shrinkUnused(), LINGER).unref();
  }

  #shrinkUnused(): void {
    this.#shrinks = false;
    if (this.#users === 0) this.shrink();
  }

  /** An empty pipe, which the caller owns until it releases or discards it. Undefined when there is none to be had. */
  acquire(): Pipe | undefined {
    const empty = this.#empty.pop();
    if (empty !== undefined || this.#made >= MOST_PIPES) return empty;
    const pipe = this.#system.createPipe(PIPE_LENGTH);
    if (typeof pipe === 'number') return undefined;
    this.#made += 1;
    return pipe;
  }

  /** Takes back an empty pipe. */
  release(pipe: Pipe): void {
    this.#empty.push(pipe);
  }

  /** Closes a pipe together with what it holds. */
  discard(pipe: Pipe): void {
    this.#made -= 1;
    this.#system.close(pipe.read);
    this.#system.close(pipe.write);
  }

  /** Closes the empty pipes, because they keep descriptors that a caller waits for. */
  shrink(): void {
    for (const pipe of this.#empty.splice(0)) this.discard(pipe);
  }
}
