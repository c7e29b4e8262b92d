import {
  type Authenticator,
  type AuthOutcome,
  type AuthQuery,
  type Identified,
  type Logger,
  type MaybePromise,
  ProxyError,
  RateLimitedLine,
  type ServiceMode,
} from '@inband/core';
import { type Answer, Asker } from '../ask/asker.ts';
import { type Groups, groupsByUser } from '../base/groups.ts';
import { isSafeName } from '../base/user-name.ts';
import { networkOf } from '../guard/network.ts';
import { Verdicts } from '../guard/verdicts.ts';
import { Verifications } from '../guard/verifications.ts';
import { handedBack, isHandedBack } from './handed-back.ts';
import { headersFor } from './question-headers.ts';

export interface ExternalOptions {
  readonly url: string;
  /** Names in lower case of the fields of a request that are sent. `authorization` is the credentials, also in mode forward. */
  readonly fields: readonly string[];
  /** Names in lower case of the fields of an answer that the request goes on with. */
  readonly copy: readonly string[];
  /** The fields of an answer with the user, and with groups between commas. In lower case. */
  readonly userField: string;
  readonly groupsField: string;
  /** Further groups, by name. */
  readonly groups: Groups;
  /** Milliseconds for one question. */
  readonly timeout: number;
  /** Questions that are asked at once. */
  readonly concurrency: number;
  /** Milliseconds for which it is remembered who may pass. */
  readonly cache: number;
  /** Whether requests go on, without a user, while nobody answers. */
  readonly failOpen: boolean;
}

export interface ExternalDeps {
  readonly logger: Logger;
  /** The place of the setting: `services.web.auth`. */
  readonly setting: string;
  readonly mode: ServiceMode;
  /** Milliseconds of a monotonic clock. */
  readonly now?: (() => number) | undefined;
}

const NONE: AuthOutcome = Object.freeze({ verdict: 'none' });
/** Requests that wait for their turn to be asked about. */
const MOST_WAITING = 256;
/** Bytes of an answer: a page that says why somebody may not pass. */
const MOST_BYTES = 65_536;

/**
 * Asks a service by HTTP about each request, without its body ("forward auth"): 2xx passes, 401, 403 and redirects are handed back, and everything else is
 * closed, unless `failOpen` says otherwise.
 */
export class ExternalAuthenticator implements Authenticator {
  /** What is told comes from the service that is asked. */
  readonly challenges: readonly string[] = [];
  /** Passwords of SOCKS come before there is a request to ask about. */
  readonly readsPasswords = false;
  readonly readsCredentials: boolean;
  readonly #options: ExternalOptions;
  readonly #deps: ExternalDeps;
  readonly #asker: Asker;
  readonly #turns: Verifications;
  readonly #verdicts: Verdicts<AuthOutcome>;
  readonly #groups: ReadonlyMap<string, readonly string[]>;
  /** Why it fails, as the last line said; undefined if none has since it works. */
  #told: string | undefined = undefined;
  /** A service may fail for every other request, or otherwise each time. */
  readonly #failed: RateLimitedLine;

  constructor(options: ExternalOptions, deps: ExternalDeps) {
    const { timeout, concurrency, groups, fields } = options;
    this.#options = options;
    this.#deps = deps;
    this.readsCredentials = fields.includes('authorization');
    this.#asker = new Asker({ timeout, connections: concurrency });
    this.#turns = new Verifications(concurrency, MOST_WAITING);
    this.#verdicts = new Verdicts(deps.now);
    this.#groups = groupsByUser(groups);
    const what = options.failOpen ? 'requests go on without a user' : 'requests are refused';
    const message = `who asks cannot be found out; ${what}`;
    this.#failed = new RateLimitedLine((told) => deps.logger.warn(told, message), deps.now);
  }

  authenticate({ client, credentials, request }: AuthQuery): MaybePromise<AuthOutcome> {
    if (request === undefined) return NONE;
    const headers = headersFor({ client, credentials, request }, this.#options.fields);
    // All that is sent is in the name, so that what is remembered is what would be answered.
    const name = this.#verdicts.nameOf(JSON.stringify(headers));
    return this.#verdicts.find(name) ?? this.#ask(name, headers, networkOf(client.address));
  }

  close(): void {
    this.#asker.close();
    this.#verdicts.clear();
  }

  async #ask(name: string, headers: Readonly<Record<string, string>>, network: string): Promise<AuthOutcome> {
    const { url, cache, failOpen } = this.#options;
    const answer = await this.#turns.run(network, () =>
      this.#asker.ask({ url, headers, mostBytes: MOST_BYTES }).catch((error: unknown) => whyOf(error)),
    );
    const outcome = typeof answer === 'string' ? answer : this.#outcomeOf(answer);
    if (typeof outcome !== 'string') {
      this.#works();
      const isDenial = outcome.verdict !== 'user';
      if (typeof answer !== 'string' && cache > 0 && mayBeKept(answer)) {
        this.#verdicts.keep(name, outcome, isDenial, cache);
      }
      return outcome;
    }
    this.#fails(outcome);
    if (failOpen) return this.#passing(undefined, [], () => undefined);
    const message = 'It cannot be found out now who asks.';
    const { setting } = this.#deps;
    throw new ProxyError('connection_limit_reached', message, { fault: 'proxy', retryAfter: 1, setting });
  }

  /** Or why it is of no use. */
  #outcomeOf(answer: Answer): AuthOutcome | string {
    const { status } = answer;
    if (status >= 200 && status < 300) return this.#userOf(answer);
    if (isHandedBack(status)) return handedBack(answer, this.#deps.mode);
    return `it answers ${status}`;
  }

  #userOf({ headers }: Answer): AuthOutcome | string {
    const { userField, groupsField } = this.#options;
    const user = textOf(oneOf(headers[userField]));
    if (user !== undefined && !isSafeName(user)) return `its field "${userField}" is no user`;
    const groups = (textOf(oneOf(headers[groupsField])) ?? '').split(',').map((group) => group.trim());
    return this.#passing(user, groups.filter(isSafeName), (field) => oneOf(headers[field]));
  }

  #passing(
    user: string | undefined,
    told: readonly string[],
    valueOf: (field: string) => string | undefined,
  ): Identified {
    const own = user === undefined ? [] : (this.#groups.get(user) ?? []);
    const requestFields = new Map(this.#options.copy.map((field) => [field, valueOf(field)]));
    return { verdict: 'user', user, groups: [...new Set([...told, ...own])], requestFields };
  }

  #fails(why: string): void {
    if (why === this.#told) return;
    if (this.#failed.log(() => ({ setting: this.#deps.setting, why }))) this.#told = why;
  }

  #works(): void {
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#deps.logger.info({ setting: this.#deps.setting }, 'who asks can be found out again');
  }
}

/** Not what is for one client only, and not against the word of the service. */
function mayBeKept({ status, headers }: Answer): boolean {
  if (status === 401 || (status >= 300 && status < 400) || headers['set-cookie'] !== undefined) return false;
  return !/\b(?:no-store|no-cache|max-age=0)\b/i.test(oneOf(headers['cache-control']) ?? '');
}

function oneOf(value: string | readonly string[] | undefined): string | undefined {
  const text = typeof value === 'string' ? value : value?.join(', ');
  return text === '' ? undefined : text;
}

/** Names are in UTF-8, and a field has a character for each byte. What is no UTF-8 is no name. */
function textOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : '';
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
