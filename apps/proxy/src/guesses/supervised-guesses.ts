import type { SharedGuesses } from '@inband/core';

/** Guesses that wait for an answer of the supervisor. Further ones are not told. */
const MOST = 256;
/** Milliseconds for that answer. */
const LONGEST = 1_000;

/** What a worker tells its supervisor, which counts for all. */
export interface ToldGuess {
  readonly guess: number;
  readonly name: string;
  /** Whether one was right. Then there is no answer. */
  readonly isRight: boolean;
}

/** The guesses that a worker has its supervisor count. */
export class SupervisedGuesses implements SharedGuesses {
  readonly #send: (told: ToldGuess) => void;
  readonly #waiting = new Map<number, (count: number) => void>();
  #last = 0;

  constructor(send: (told: ToldGuess) => void) {
    this.#send = send;
  }

  wrong(name: string, learned: (count: number) => void): void {
    if (this.#waiting.size >= MOST) return;
    const guess = (this.#last += 1);
    this.#waiting.set(guess, learned);
    setTimeout(() => this.#waiting.delete(guess), LONGEST).unref();
    this.#send({ guess, name, isRight: false });
  }

  right(name: string): void {
    this.#send({ guess: 0, name, isRight: true });
  }

  /** The supervisor has answered. */
  counted(guess: number, count: number): void {
    this.#waiting.get(guess)?.(count);
    this.#waiting.delete(guess);
  }
}
