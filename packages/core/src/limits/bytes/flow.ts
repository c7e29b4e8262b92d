import type { ProxyError } from '../../base/errors.ts';
import { type Gate, passes, type Passing } from './gate.ts';
import type { Quota } from './quota.ts';

/** Who reads what a {@link Flow} limits. */
export interface FlowOwner {
  /** It is not to be read, although it might a moment ago. Called from within events of others. */
  flowHeld(): void;
  /** It may be read again, after it was held. Called from the event loop. */
  flowReleased(): void;
}

/** Bytes that may be read at once if nothing limits them: what one splice moves. */
const MOST = 1024 * 1024;

/** The least that is worth to be read by itself. */
const LEAST = 4096;

/** The bytes of one direction of a tunnel, or of one body, which share gates and quotas with others. */
export class Flow implements Passing {
  previous: Passing | undefined = undefined;
  next: Passing | undefined = undefined;
  gate: Gate | undefined = undefined;
  expected = 0;
  /** Why it ends: a quota is used up. */
  exceeded: ProxyError | undefined = undefined;

  readonly #gates: readonly Gate[];
  readonly #quotas: readonly Quota[];
  readonly #owner: FlowOwner;

  constructor(gates: readonly Gate[], quotas: readonly Quota[], owner: FlowOwner) {
    this.#gates = gates;
    this.#quotas = quotas;
    this.#owner = owner;
    for (const gate of gates) gate.join(this);
  }

  /** It is not to be read now. */
  get isHeld(): boolean {
    return this.gate !== undefined;
  }

  /** Bytes that may be read before `moved` is called. Never zero, because the gates may have debts. */
  get most(): number {
    let most = MOST;
    for (const gate of this.#gates) most = Math.min(most, gate.credit);
    return Math.max(LEAST, Math.floor(most));
  }

  /**
   * So many bytes were read. Returns whether more may be read now. If not, the owner stops reading: for good where it is `exceeded`, and
   * otherwise until {@link FlowOwner.flowReleased}.
   */
  moved(bytes: number): boolean {
    this.expected = bytes;
    for (const quota of this.#quotas) if (!quota.take(bytes)) this.exceeded ??= quota.error();
    for (const gate of this.#gates) gate.take(bytes);
    if (this.exceeded !== undefined) return false;
    // It may be held already, because the transport had more to deliver.
    return this.gate === undefined && passes(this, this.#gates, 0);
  }

  held(): void {
    this.#owner.flowHeld();
  }

  passed(gate: Gate): void {
    if (passes(this, this.#gates, this.#gates.indexOf(gate) + 1)) this.#owner.flowReleased();
  }

  /** The owner reads no more, or others are to read first. */
  close(): void {
    this.gate?.leave(this);
    for (const gate of this.#gates) gate.part(this);
  }
}
