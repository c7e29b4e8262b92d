/**
 * Whether a server is up, by what active checks find: it goes down by `fall` failures in a row, and up by `rise` successes in a row. A
 * server that no check has seen is up.
 *
 *     up ──fall failures──▶ down ──rise successes──▶ up
 */
export class CheckVerdict {
  readonly #fall: number;
  readonly #rise: number;
  #isUp = true;
  #against = 0;

  constructor({ fall, rise }: { readonly fall: number; readonly rise: number }) {
    this.#fall = fall;
    this.#rise = rise;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Findings in a row that contradict {@link isUp}. */
  get against(): number {
    return this.#against;
  }

  /** Whether the last finding contradicts what it says so far, so that another look should follow soon. */
  get isDoubted(): boolean {
    return this.#against > 0;
  }

  /** Takes a finding. Returns whether it has changed what is said. */
  add(isWell: boolean): boolean {
    this.#against = isWell === this.#isUp ? 0 : this.#against + 1;
    if (this.#against < (this.#isUp ? this.#fall : this.#rise)) return false;
    this.#isUp = isWell;
    this.#against = 0;
    return true;
  }

  /** Takes what another worker says after its last finding. */
  adopt(isUp: boolean, against: number): void {
    this.#isUp = isUp;
    this.#against = against;
  }

  /** An operator says that it is up. */
  reset(): void {
    this.#isUp = true;
    this.#against = 0;
  }
}
