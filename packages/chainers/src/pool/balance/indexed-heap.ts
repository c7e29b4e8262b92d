/** An element of a heap. */
export interface Placed {
  /** Where it is, or -1. Only the heap that it is in writes it. */
  place: number;
}

/**
 * A binary heap whose elements may move when what they are ordered by has changed. The first element is the least one. Elements know
 * their places, so that none has to be looked up.
 */
export class IndexedHeap<T extends Placed> {
  readonly #isLess: (one: T, other: T) => boolean;
  readonly #elements: T[] = [];

  constructor(isLess: (one: T, other: T) => boolean) {
    this.#isLess = isLess;
  }

  /** In the order of the heap, of which only the first place means something. */
  get elements(): readonly T[] {
    return this.#elements;
  }

  get least(): T | undefined {
    return this.#elements[0];
  }

  add(element: T): void {
    this.#elements.push(element);
    this.#rise(element, this.#elements.length - 1);
  }

  clear(): void {
    for (const element of this.#elements) element.place = -1;
    this.#elements.length = 0;
  }

  /** To be called after a change of what `element` is ordered by. */
  moved(element: T): void {
    if (element.place >= 0) this.#sink(element, this.#rise(element, element.place));
  }

  /**
   * The least element for which `isAllowed` holds. It looks at the children of those that are not allowed only, so that it costs as much as
   * there are of them.
   */
  leastAllowed(isAllowed: (element: T) => boolean): T | undefined {
    const [least] = this.#elements;
    if (least === undefined || isAllowed(least)) return least;
    return this.#leastBelow(isAllowed);
  }

  #leastBelow(isAllowed: (element: T) => boolean): T | undefined {
    let found: T | undefined;
    const open = [1, 2];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const element = this.#elements[place];
      if (element === undefined || (found !== undefined && !this.#isLess(element, found))) continue;
      if (isAllowed(element)) found = element;
      else open.push(2 * place + 1, 2 * place + 2);
    }
    return found;
  }

  #rise(element: T, from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#elements[above];
      if (parent === undefined || !this.#isLess(element, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(element, place);
    return place;
  }

  #sink(element: T, from: number): void {
    let place = from;
    for (;;) {
      const child = this.#lesserChild(place);
      const below = this.#elements[child];
      if (below === undefined || !this.#isLess(below, element)) break;
      this.#put(below, place);
      place = child;
    }
    this.#put(element, place);
  }

  #lesserChild(place: number): number {
    const left = 2 * place + 1;
    const [one, other] = [this.#elements[left], this.#elements[left + 1]];
    return one !== undefined && other !== undefined && this.#isLess(other, one) ? left + 1 : left;
  }

  #put(element: T, place: number): void {
    this.#elements[place] = element;
    element.place = place;
  }
}
