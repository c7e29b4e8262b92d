import type { RevokedTokens } from '@inband/core';
import type { Revoked } from './revoked.ts';

/** The tokens that are revoked, as this process knows them. */
export class RevokedSet implements RevokedTokens {
  #until: ReadonlyMap<string, number> = new Map();
  #version = 0;

  get version(): number {
    return this.#version;
  }

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  has(name: string): boolean {
    const until = this.#until.get(name);
    return until !== undefined && Date.now() < until;
  }

  /** From now on these are revoked, and no others. */
  take(all: readonly Revoked[]): void {
    this.#until = new Map(all.map(({ name, until }) => [name, until]));
    this.#version += 1;
  }
}
