/** A binary heap whose elements may move when what they are ordered by has changed. The first element is the least one. */
export class IndexedHeap<T> {
  readonly #isLess: (one: T, other: T) => boolean;
  readonly #elements: T[] = [];
  readonly #places = new Map<T, number>();

  constructor(isLess: (one: T, other: T) => boolean) {
    this.#isLess = isLess;
  }

  /** In the order of the heap, of which only the first place means something. */
  get elements(): readonly T[] {
    return this.#elements;
  }

  has(element: T): boolean {
    return this.#places.has(element);
  }

  add(element: T): void {
    this.#elements.push(element);
    this.#places.set(element, this.#elements.length - 1);
    this.#rise(element, this.#elements.length - 1);
  }

  clear(): void {
    this.#elements.length = 0;
    this.#places.clear();
  }

  /** To be called after a change of what `element` is ordered by. */
  moved(element: T): void {
    const place = this.#places.get(element);
    if (place !== undefined) this.#sink(element, this.#rise(element, place));
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
    this.#places.set(element, place);
  }
}
