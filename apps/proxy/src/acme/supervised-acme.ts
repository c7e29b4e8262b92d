import { type AcmeCertificate, type AcmeState, AcmeView } from './acme-view.ts';

/** Milliseconds until a supervisor that does not answer is given up. It waits for 20 seconds itself. */
const LONGEST = 25_000;

/** What a worker knows of ACME. Its supervisor keeps the certificates, and orders those for which clients wait. */
export class SupervisedAcme {
  readonly view = new AcmeView((host) => this.#ask(host));
  readonly #send: (demand: number, host: string) => void;
  readonly #waiting = new Map<number, (certificate: AcmeCertificate | undefined) => void>();
  #last = 0;

  /** `send` asks the supervisor. */
  constructor(send: (demand: number, host: string) => void) {
    this.#send = send;
  }

  take(state: AcmeState): void {
    this.view.take(state);
  }

  /** The supervisor has answered. */
  demanded(demand: number, certificate: AcmeCertificate | undefined): void {
    this.#waiting.get(demand)?.(certificate);
  }

  async #ask(host: string): Promise<AcmeCertificate | undefined> {
    const demand = (this.#last += 1);
    const { promise, resolve } = Promise.withResolvers<AcmeCertificate | undefined>();
    const timer = setTimeout(() => resolve(undefined), LONGEST);
    this.#waiting.set(demand, resolve);
    this.#send(demand, host);
    const certificate = await promise;
    clearTimeout(timer);
    this.#waiting.delete(demand);
    return certificate;
  }
}
