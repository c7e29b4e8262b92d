/**
 * First in, first out, for what is filled and emptied in every turn: its memory grows to what it once held and stays, where
 * an array lets go of it whenever it is emptied. It holds nobody who was taken out.
 */
export class Fifo<Item extends object> {
  readonly #items: (Item | undefined)[] = [];
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(item: Item): void {
    this.#items[this.#end] = item;
    this.#end += 1;
  }

  /** Takes the next one out; undefined when there is none. */
  take(): Item | undefined {
    const at = this.#start;
    if (at === this.#end) return undefined;
    const item = this.#items[at];
    this.#items[at] = undefined;
    this.#start = at + 1;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return item;
  }
}
