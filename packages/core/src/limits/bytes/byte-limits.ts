import type { SockAddr } from '../../base/address.ts';
import { LimitError } from '../../base/errors.ts';
import type { Account, Accounts } from './accounts.ts';
import type { ScopeBytes, ServiceBytes } from './byte-options.ts';
import { Flow, type FlowOwner } from './flow.ts';
import type { Gate } from './gate.ts';
import { MemoryGate } from './memory-gate.ts';
import { Pace } from './pace.ts';
import { Quota } from './quota.ts';
import type { SessionBytes } from './session-bytes.ts';
import { Turn } from './turn.ts';

/** Seconds for `Retry-After`: what is queued leaves all the time. */
const RETRY_AFTER = 1;

type Scope = 'service' | 'perClient' | 'perUser';

/** Limits of bytes for the service, its clients or its users. */
interface ScopedBytes {
  readonly scope: Scope;
  readonly limits: ScopeBytes;
  readonly accounts: Accounts;
  /** The place of these limits: `services.out.limits.perUser`. */
  readonly place: string;
}

/** Who begins a session. */
interface Party {
  readonly client: SockAddr;
  readonly user: string | undefined;
}

export interface ByteLimitsDeps {
  /** The place of the limits in the configuration: `services.out.limits`. */
  readonly place: string;
  readonly options: ServiceBytes & { readonly perClient: ScopeBytes; readonly perUser: ScopeBytes };
  readonly scopes: {
    /** By which somebody's bytes are counted. Undefined: they are not. */
    keyOf(scope: Scope, party: Party): string | undefined;
  };
  /** What bytes are counted by. It outlives these limits. */
  accounts(scope: Scope): Accounts;
}

/** The limits of bytes of one service, in one configuration. */
export class ByteLimits {
  readonly #keys: ByteLimitsDeps['scopes'];
  /** The narrowest first. */
  readonly #scopes: readonly ScopedBytes[];
  readonly #memory: MemoryGate | undefined;
  readonly #place: string;

  private constructor({ place, scopes, options: { queued } }: ByteLimitsDeps, scoped: readonly ScopedBytes[]) {
    this.#place = place;
    this.#keys = scopes;
    this.#scopes = scoped;
    this.#memory = queued === undefined ? undefined : new MemoryGate(queued);
  }

  /** Undefined if no bytes are limited. */
  static of(deps: ByteLimitsDeps): ByteLimits | undefined {
    const { place, options } = deps;
    const scopes = [
      { scope: 'perUser' as const, limits: options.perUser, place: `${place}.perUser` },
      { scope: 'perClient' as const, limits: options.perClient, place: `${place}.perClient` },
      { scope: 'service' as const, limits: options, place },
    ]
      .filter(({ limits: { bandwidth, quota } }) => bandwidth !== undefined || quota !== undefined)
      .map((scoped) => ({ ...scoped, accounts: deps.accounts(scoped.scope) }));
    return scopes.length === 0 && options.queued === undefined ? undefined : new ByteLimits(deps, scopes);
  }

  /**
   * The limits that a session is under. Throws a {@link LimitError} if it may not begin: 429 if a quota is used up, 503 if too much is
   * queued.
   */
  begin(party: Party): SessionBytes {
    if (this.#memory?.isOpen === false) throw this.#tooMuchQueued();
    const session = new LimitedSession();
    for (const scoped of this.#scopes) {
      const key = this.#keys.keyOf(scoped.scope, party);
      if (key !== undefined) session.add(scoped, scoped.accounts.of(key));
    }
    if (this.#memory !== undefined) session.addLast(this.#memory);
    session.begin();
    return session;
  }

  #tooMuchQueued(): LimitError {
    const message = 'Too much is queued for peers that do not keep up.';
    return new LimitError('connection_limit_reached', message, {
      setting: `${this.#place}.queued`,
      retryAfter: RETRY_AFTER,
    });
  }
}

class LimitedSession implements SessionBytes {
  readonly #accounts: Account[] = [];
  readonly #in: Gate[] = [];
  readonly #out: Gate[] = [];
  readonly #quotas: Quota[] = [];
  #isOpen = false;

  add({ scope, limits: { bandwidth, quota }, place }: ScopedBytes, account: Account): void {
    this.#accounts.push(account);
    if (bandwidth?.in !== undefined) this.#in.push(account.pace('in', bandwidth.in));
    if (bandwidth?.out !== undefined) this.#out.push(account.pace('out', bandwidth.out));
    if (quota !== undefined)
      this.#quotas.push(new Quota(account.day, quota, whose(scope, account.key), `${place}.quota`));
  }

  addLast(gate: Gate): void {
    this.#in.push(gate);
    this.#out.push(gate);
  }

  begin(): void {
    for (const quota of this.#quotas) if (quota.isUsedUp) throw quota.error();
    this.#isOpen = true;
    for (const account of this.#accounts) account.sessions += 1;
  }

  turn(sends: boolean): Turn | undefined {
    if (areOpen(this.#out) && (!sends || areOpen(this.#in))) return undefined;
    // While too much is queued it did not begin.
    const gates = (sends ? [...this.#in, ...this.#out] : this.#out).filter((gate) => gate instanceof Pace);
    const turn = new Turn(gates);
    return turn.isWaiting ? turn : undefined;
  }

  fromClient(owner: FlowOwner): Flow {
    return new Flow(this.#in, this.#quotas, owner);
  }

  toClient(owner: FlowOwner): Flow {
    return new Flow(this.#out, this.#quotas, owner);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const account of this.#accounts) account.sessions -= 1;
  }
}

function areOpen(gates: readonly Gate[]): boolean {
  return gates.every(({ isOpen }) => isOpen);
}

/** Names of users are not for answers, which somebody else may see. */
function whose(scope: Scope, key: string): string {
  switch (scope) {
    case 'perUser':
      return 'this user';
    case 'perClient':
      return `the client ${key}`;
    case 'service':
      return 'this service';
  }
}
