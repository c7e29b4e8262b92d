/**
 * A queue, first in, first out, for what is filled and emptied in every event-loop iteration. Its memory grows to what it once held
 * and stays, where an array frees it whenever it is emptied. It refers to no item that was taken out.
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

  /** Takes the next item out; undefined when there is none. */
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
