import { type Authenticator, type AuthOutcome, type AuthQuery, isPromise, type MaybePromise } from '@inband/core';

/** Asks several authenticators in order, until one says whose a request is. */
export class InOrder implements Authenticator {
  readonly challenges: readonly string[];
  readonly readsPasswords: boolean;
  readonly #all: readonly Authenticator[];

  constructor(all: readonly Authenticator[]) {
    this.#all = all;
    this.challenges = all.flatMap(({ challenges }) => challenges);
    this.readsPasswords = all.some(({ readsPasswords }) => readsPasswords);
  }

  authenticate(query: AuthQuery): MaybePromise<AuthOutcome> {
    return this.#ask(query, 0, { verdict: 'none' });
  }

  close(): void {
    for (const each of this.#all) each.close?.();
  }

  /** `denial`: what the ones before have said, of whom the first that denied counts. */
  #ask(query: AuthQuery, from: number, denial: AuthOutcome): MaybePromise<AuthOutcome> {
    let said = denial;
    for (const [index, each] of this.#all.entries()) {
      if (index < from) continue;
      const outcome = each.authenticate(query);
      if (isPromise(outcome)) return outcome.then((late) => this.#goOn(query, index, said, late));
      if (outcome.verdict === 'user') return outcome;
      if (said.verdict === 'none') said = outcome;
    }
    return said;
  }

  #goOn(query: AuthQuery, index: number, said: AuthOutcome, late: AuthOutcome): MaybePromise<AuthOutcome> {
    if (late.verdict === 'user') return late;
    return this.#ask(query, index + 1, said.verdict === 'none' ? late : said);
  }
}
