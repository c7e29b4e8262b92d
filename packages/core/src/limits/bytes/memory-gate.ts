import { queuedBytes } from '../queued/queued-bytes.ts';
import { Gate, type Passing } from './gate.ts';

/** Milliseconds. Bytes leave all the time, and there is no event for so many. */
const AGAIN = 10;

/**
 * Shut while more bytes are queued in the connections of this process than there may be. What is read then could only be queued as well,
 * if its receiver does not keep up. As soon as it shuts, all that were let through are held. So the bytes of one read are all that is
 * queued beyond the limit.
 */
export class MemoryGate extends Gate {
  readonly #most: number;
  /** Flows that do not wait at this gate. */
  readonly #through = new Set<Passing>();

  /** `most`: bytes. */
  constructor(most: number) {
    super();
    this.#most = most;
  }

  get credit(): number {
    return this.#most - queuedBytes.total;
  }

  /** The transports count what is queued. */
  take(): void {}

  protected get delay(): number {
    return AGAIN;
  }

  override join(passing: Passing): void {
    if (!this.isOpen) return this.wait(passing);
    this.#through.add(passing);
  }

  override part(passing: Passing): void {
    this.#through.delete(passing);
  }

  override wait(passing: Passing): void {
    this.#through.delete(passing);
    super.wait(passing);
    for (const other of this.#through) {
      // A flow that waits at another gate comes here afterwards.
      if (other.gate !== undefined) continue;
      this.#through.delete(other);
      super.wait(other);
      other.held();
    }
  }

  override leave(passing: Passing): void {
    super.leave(passing);
    this.#through.add(passing);
  }
}
