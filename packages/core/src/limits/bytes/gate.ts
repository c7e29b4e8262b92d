/** What may have to wait at a {@link Gate}, at one at a time. */
export interface Passing {
  /** The list of the gate. Only the gate writes it. */
  previous: Passing | undefined;
  next: Passing | undefined;
  gate: Gate | undefined;
  /** Bytes that it read last, and is expected to read next. */
  readonly expected: number;
  /** It may pass. Called once for each `wait`, from the event loop. */
  passed(gate: Gate): void;
  /** It must wait, although it has not read. Called once it waits. */
  held(): void;
}

/** Milliseconds. `setTimeout` knows no less. */
const SHORTEST = 1;

/**
 * Limits how many bytes are read, in all connections that share it. A flow that has read asks whether the gate is open, and waits if it is
 * not. Flows that wait are let through in turn, each for one read, and a flow that has read while others wait goes behind them. So flows
 * share what there is fairly, and one that has nothing to read takes nothing from the others.
 */
export abstract class Gate {
  #first: Passing | undefined = undefined;
  #last: Passing | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** Bytes that may be read now. Zero or less: none. */
  abstract get credit(): number;

  /** Counts bytes that were read. It may make debts, because nobody knows before how many bytes a read brings. */
  abstract take(bytes: number): void;

  /** Milliseconds after which to look at the credit again, while something waits. */
  protected abstract get delay(): number;

  /** Whether one that has read may read again at once. */
  get isOpen(): boolean {
    return this.#first === undefined && this.credit > 0;
  }

  /** `passing` is limited by this gate from now on, and may have to wait at once. */
  join(_passing: Passing): void {}

  /** `passing`, which does not wait, is not limited by this gate any more. */
  part(_passing: Passing): void {}

  wait(passing: Passing): void {
    passing.gate = this;
    passing.previous = this.#last;
    if (this.#last === undefined) this.#first = passing;
    else this.#last.next = passing;
    this.#last = passing;
    this.#arm();
  }

  /** `passing` does not wait any more. */
  leave(passing: Passing): void {
    if (passing.previous === undefined) this.#first = passing.next;
    else passing.previous.next = passing.next;
    if (passing.next === undefined) this.#last = passing.previous;
    else passing.next.previous = passing.previous;
    passing.previous = passing.next = passing.gate = undefined;
    if (this.#first !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer ??= setTimeout(this.#letThrough, Math.max(SHORTEST, Math.ceil(this.delay)));
  }

  readonly #letThrough = (): void => {
    this.#timer = undefined;
    let left = this.credit;
    // What waits again goes behind the last one that waits now.
    const last = this.#last;
    try {
      for (let at = this.#first; at !== undefined && left > 0; at = this.#first) {
        left -= Math.max(1, at.expected);
        this.leave(at);
        at.passed(this);
        if (at === last) break;
      }
    } finally {
      if (this.#first !== undefined) this.#arm();
    }
  };
}

/** Has `passing` wait at the first gate from `index` on that is shut. Returns whether none is. */
export function passes(passing: Passing, gates: readonly Gate[], index: number): boolean {
  for (let at = index; at < gates.length; at += 1) {
    const gate = gates[at];
    if (gate === undefined || gate.isOpen) continue;
    gate.wait(passing);
    return false;
  }
  return true;
}
