import type { ServiceMode } from '../session/service.ts';
import type { AccessDecision } from './access-rule.ts';
import type { BuiltinZone } from '../zones/builtin-zones.ts';

/** How private an address is: a client reaches what is at most as private as itself. */
const PRIVACY: Readonly<Record<BuiltinZone, number>> = {
  public: 0,
  private: 1,
  loopback: 2,
  // For nobody, so more private than any client; and a client at such an address has no privilege.
  linkLocal: 3,
  reserved: 3,
};

const ZONE_WORDS: Readonly<Record<BuiltinZone, string>> = {
  public: 'a public',
  private: 'a private',
  loopback: 'a loopback',
  linkLocal: 'a link-local',
  reserved: 'a reserved',
};

/** What decides when no rule does. `path` is the rules' place in the configuration. */
export class AccessDefaults {
  readonly #mode: ServiceMode;
  readonly #path: string;
  readonly allowed: AccessDecision;
  readonly operatorChose: AccessDecision;
  /** The server's address is not known yet, and the client chose it. */
  readonly pending: AccessDecision;

  constructor(mode: ServiceMode, path: string) {
    this.#mode = mode;
    this.#path = path;
    const common = { code: 'http_request_denied', setting: path } as const;
    this.allowed = { ...common, verdict: 'allow', rule: 'default: allowed', reason: 'No rule or default denies it.' };
    this.operatorChose = {
      ...common,
      verdict: 'allow',
      rule: 'default: servers that the operator chose',
      reason: 'The operator chose the server.',
    };
    this.pending = {
      verdict: 'depends',
      rule: 'default: servers that the client chose',
      reason: 'It depends on the address of the server.',
      code: 'destination_ip_prohibited',
      setting: path,
    };
  }

  /** Why a client of that class may not use the service at all, or undefined when it may. */
  client(client: BuiltinZone): AccessDecision | undefined {
    if (this.#mode === 'reverse' || client === 'loopback' || client === 'private') return undefined;
    const reason =
      `A ${this.#mode} proxy serves clients on loopback and private networks only; ` +
      `a rule in ${this.#path} that allows the client would change that.`;
    return this.#denied(`default: clients of a ${this.#mode} proxy`, reason, 'http_request_denied');
  }

  /** Why a client may not choose a server of that class, or undefined when it may. */
  destination(client: BuiltinZone, server: BuiltinZone): AccessDecision | undefined {
    if (server === 'linkLocal' || server === 'reserved') {
      const reason = `The server has ${ZONE_WORDS[server]} address, which is for nobody; ${this.#remedy()}`;
      return this.#denied('default: link-local and reserved addresses', reason, 'destination_ip_prohibited');
    }
    const clientPrivacy = PRIVACY[client] > PRIVACY.loopback ? PRIVACY.public : PRIVACY[client];
    if (PRIVACY[server] <= clientPrivacy) return undefined;
    const reason = `The server has ${ZONE_WORDS[server]} address, the client ${ZONE_WORDS[client]} one; ${this.#remedy()}`;
    const rule = 'default: a client never reaches an address more private than its own';
    return this.#denied(rule, reason, 'destination_ip_prohibited');
  }

  #remedy(): string {
    return `an allow rule in ${this.#path} that names the server in "servers" would permit it.`;
  }

  #denied(rule: string, reason: string, code: AccessDecision['code']): AccessDecision {
    return { verdict: 'deny', rule, reason, code, setting: this.#path };
  }
}
