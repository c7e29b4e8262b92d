import type { Clock } from '../base/clock.ts';
import { type CertificateAndKey, challengeCertificate } from '../x509/challenge-certificate.ts';
import type { ChallengeTask, ChallengeType, Solver } from './solver.ts';

/** The answers to challenges that are under way, as plain values: with workers they travel between processes. */
export interface OpenChallenges {
  /** Key authorizations by token (http-01). */
  readonly http: Readonly<Record<string, string>>;
  /** Certificates by host (tls-alpn-01). */
  readonly tls: Readonly<Record<string, CertificateAndKey>>;
}

/** Nothing is under way. */
export const NO_CHALLENGES: OpenChallenges = { http: {}, tls: {} };

/** Tells whoever serves clients what to answer. Resolves when all of them know. */
export type Publish = (open: OpenChallenges) => Promise<void>;

/** A challenge that is answered by a certificate. */
interface ShownTask extends ChallengeTask {
  readonly certificate: CertificateAndKey;
}

/** The answers that are given by the listeners of this program: of http-01 or of tls-alpn-01. */
export class Board implements Solver {
  readonly type: ChallengeType;
  readonly #publish: Publish;
  readonly #clock: Clock;
  /** By token. */
  readonly #http = new Map<string, string>();
  /** By host. */
  readonly #tls = new Map<string, ShownTask>();

  constructor(type: 'http-01' | 'tls-alpn-01', publish: Publish, clock: Clock) {
    this.type = type;
    this.#publish = publish;
    this.#clock = clock;
  }

  async present(task: ChallengeTask): Promise<void> {
    this.#add(task);
    await this.#publish(this.open);
  }

  async remove({ host, token }: ChallengeTask): Promise<void> {
    this.#http.delete(token);
    this.#tls.delete(host);
    // Whoever is not told goes on answering a challenge that nobody asks for.
    await this.#publish(this.open).catch(() => undefined);
  }

  /** Answers these and no others, because several processes answer the same. Resolves when whoever serves clients knows. */
  async show(tasks: readonly ChallengeTask[]): Promise<void> {
    const known = new Map(this.#tls);
    this.#http.clear();
    this.#tls.clear();
    for (const task of tasks) {
      const shown = known.get(task.host);
      if (shown?.keyAuthorization === task.keyAuthorization) this.#tls.set(task.host, shown);
      else this.#add(task);
    }
    await this.#publish(this.open);
  }

  get open(): OpenChallenges {
    const tls = Array.from(this.#tls, ([host, { certificate }]) => [host, certificate] as const);
    return { http: Object.fromEntries(this.#http), tls: Object.fromEntries(tls) };
  }

  #add(task: ChallengeTask): void {
    const { host, token, keyAuthorization } = task;
    if (this.type === 'http-01') this.#http.set(token, keyAuthorization);
    else {
      const certificate = challengeCertificate(host, keyAuthorization, this.#clock.now());
      this.#tls.set(host, { ...task, certificate });
    }
  }
}
