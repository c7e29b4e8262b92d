import { ProxyError } from '../base/errors.ts';
import { isPromise, type MaybePromise } from '../base/maybe-promise.ts';
import type { Authenticator, AuthOutcome, AuthQuery } from './authenticator.ts';

/** An authenticator cannot say who it is, because too many wait, or too many guesses were wrong. */
interface Failed {
  readonly verdict: 'failed';
  readonly error: ProxyError;
}

type Said = AuthOutcome | Failed;

/** What those have said who know nobody. */
type Heard = readonly Exclude<Said, { readonly verdict: 'user' }>[];

const NOTHING: Heard = Object.freeze([]);

/**
 * Asks several authenticators in order, until one says whose a request is. One that cannot say does not keep the next from it: what is a wrong
 * password to the first may be a token of the second.
 */
export class InOrder implements Authenticator {
  readonly readsPasswords: boolean;
  readonly readsCredentials: boolean;
  readonly #all: readonly Authenticator[];

  constructor(all: readonly Authenticator[]) {
    this.#all = all;
    this.readsPasswords = all.some(({ readsPasswords }) => readsPasswords);
    this.readsCredentials = all.some(({ readsCredentials }) => readsCredentials !== false);
  }

  get challenges(): readonly string[] {
    return distinct(this.#all.flatMap(({ challenges }) => challenges));
  }

  authenticate(query: AuthQuery): MaybePromise<AuthOutcome> {
    return this.#ask(query, NOTHING);
  }

  close(): void {
    for (const each of this.#all) each.close?.();
  }

  #ask(query: AuthQuery, before: Heard): MaybePromise<AuthOutcome> {
    let heard = before;
    for (const each of this.#all.slice(before.length)) {
      const outcome = asked(each, query);
      if (isPromise(outcome)) return this.#wait(query, heard, outcome);
      if (outcome.verdict === 'user') return outcome;
      heard = [...heard, outcome];
    }
    return this.#refusal(heard);
  }

  async #wait(query: AuthQuery, heard: Heard, waiting: Promise<AuthOutcome>): Promise<AuthOutcome> {
    const outcome = await waiting.catch(failed);
    return outcome.verdict === 'user' ? outcome : this.#ask(query, [...heard, outcome]);
  }

  /** The first that says more than "none" counts. The challenges of all are sent. */
  #refusal(heard: Heard): AuthOutcome {
    const said = heard.find(({ verdict }) => verdict !== 'none') ?? { verdict: 'none' };
    if (said.verdict === 'failed') throw said.error;
    if (said.verdict === 'answered') return said;
    const challenges = this.#all.flatMap((each, index) => challengesIn(heard[index]) ?? each.challenges);
    return { ...said, challenges: distinct(challenges) };
  }
}

function asked(authenticator: Authenticator, query: AuthQuery): MaybePromise<AuthOutcome> | Failed {
  try {
    return authenticator.authenticate(query);
  } catch (error) {
    return failed(error);
  }
}

/** Other errors are defects, which nothing hides. */
function failed(error: unknown): Failed {
  if (error instanceof ProxyError) return { verdict: 'failed', error };
  throw error;
}

/** Two ways may ask for the same: a password may be that of a user, or a token. */
function distinct(challenges: readonly string[]): string[] {
  return [...new Set(challenges)];
}

function challengesIn(outcome: Heard[number] | undefined): readonly string[] | undefined {
  return outcome?.verdict === 'none' || outcome?.verdict === 'denied' ? outcome.challenges : undefined;
}
