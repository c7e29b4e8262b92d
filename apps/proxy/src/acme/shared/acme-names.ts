import { createHash } from 'node:crypto';

/** Names in the store of what is kept of one CA. They tell no host, and are of a length that every store can have. */
export class AcmeNames {
  readonly #prefix: string;

  /** `directory`: the URL of the CA. */
  constructor(directory: string) {
    this.#prefix = `acme/${hashOf(directory).slice(0, 16)}`;
  }

  get account(): string {
    return `${this.#prefix}/account`;
  }

  /** Which certificates there are. */
  get index(): string {
    return `${this.#prefix}/index`;
  }

  get challenges(): string {
    return `${this.#prefix}/challenges`;
  }

  /** How many new names of clients were ordered in this hour. */
  get demanded(): string {
    return `${this.#prefix}/demanded`;
  }

  /** Which challenges a member knows. */
  known(member: string): string {
    return `${this.#prefix}/known/${hashOf(member)}`;
  }

  certificate(name: string): string {
    return `${this.#prefix}/certificates/${hashOf(name)}`;
  }

  order(name: string): string {
    return `${this.#prefix}/orders/${hashOf(name)}`;
  }

  /** Of the right to work on a certificate. */
  lock(name: string): string {
    return `${this.#prefix}/locks/${hashOf(name)}`;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
