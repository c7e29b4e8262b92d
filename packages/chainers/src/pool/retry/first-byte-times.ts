/** How many of the last times are looked at. */
const REMEMBERED = 256;
/** After so many new ones the quantile is found anew. Before there are as many, it is not known. */
const STEP = 32;

/** The times to the first byte that the last sessions of a pool have had, in milliseconds, and a quantile of them. */
export class FirstByteTimes {
  readonly #quantile: number;
  readonly #times = new Float64Array(REMEMBERED);
  #count = 0;
  #value: number | undefined = undefined;

  /** `quantile`: from 0 to 1, for example 0.95. */
  constructor(quantile: number) {
    this.#quantile = quantile;
  }

  add(time: number): void {
    this.#times[this.#count % REMEMBERED] = time;
    this.#count += 1;
    if (this.#count % STEP === 0) this.#find();
  }

  /** The time that so many of the sessions have not had to wait for longer. Undefined until enough is known. */
  get value(): number | undefined {
    return this.#value;
  }

  #find(): void {
    const sorted = this.#times.slice(0, Math.min(this.#count, REMEMBERED)).toSorted();
    this.#value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * this.#quantile))];
  }
}
