/**
 * Counts wrong guesses of passwords beyond this process, so that whoever guesses gains nothing by asking others as well. Nobody waits for it: what this
 * process has counted itself decides until it has learned of more.
 */
export interface SharedGuesses {
  /**
   * One more was wrong. `name`: a hash of whose guesses are counted together. `learned` is called with how many there were lately, wherever
   * they were made. It is not called where that is not found out.
   */
  wrong(name: string, learned: (count: number) => void): void;
  /** The guesses of this name are forgotten, because one was right. */
  right(name: string): void;
}
