import type { ServiceMode } from './service-mode.ts';
import type { AccessDecision } from './access-rule.ts';
import type { BuiltinZone } from '../zones/builtin-zones.ts';

/**
 * How private each class of addresses is. A client may reach only what is at most as private as itself: one on a private
 * network reaches public and private servers, but none on loopback.
 */
const PRIVACY: Readonly<Record<BuiltinZone, number>> = {
  public: 0,
  private: 1,
  loopback: 2,
  // Above every client, because no default lets anyone reach these. A client with such an address counts as public.
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

/**
 * The decisions for requests that no rule matches. They prevent that a client reaches internal services through the proxy
 * (SSRF). `path` is the rules' place in the configuration: `services.web.access`.
 */
export class AccessDefaults {
  readonly #mode: ServiceMode;
  readonly #path: string;
  readonly allowed: AccessDecision;
  readonly operatorChose: AccessDecision;
  /** For a server that the client chose and whose address is not resolved yet. */
  readonly pending: AccessDecision;
  /** For a server that the client chose, and whose address only a parent proxy will know. */
  readonly knownByName: AccessDecision;

  constructor(mode: ServiceMode, path: string) {
    this.#mode = mode;
    this.#path = path;
    const common = { code: 'http_request_denied', setting: path } as const;
    this.allowed = Object.freeze({
      ...common,
      verdict: 'allow',
      rule: 'default: allowed',
      reason: 'No rule or default denies it.',
    });
    this.operatorChose = Object.freeze({
      ...common,
      verdict: 'allow',
      rule: 'default: servers that the operator chose',
      reason: 'The operator chose the server.',
    });
    this.pending = Object.freeze({
      verdict: 'depends',
      rule: 'default: servers that the client chose',
      reason: 'It depends on the address of the server.',
      code: 'destination_ip_prohibited',
      setting: path,
    });
    this.knownByName = this.#denied(
      'default: servers that only a parent proxy resolves',
      'The parent proxy resolves the name, so the address of the server is not known here; ' +
        `an allow rule in ${path} that names the host in "hosts" would permit it.`,
      'http_request_denied',
    );
  }

  /** The denial of every request from a client of that class, or undefined when such clients may use the service. */
  client(client: BuiltinZone): AccessDecision | undefined {
    if (this.#mode === 'reverse' || client === 'loopback' || client === 'private') return undefined;
    const reason =
      `A ${this.#mode} proxy serves clients on loopback and private networks only; ` +
      `a rule in ${this.#path} that allows the client would change that.`;
    return this.#denied(`default: clients of a ${this.#mode} proxy`, reason, 'http_request_denied');
  }

  /** The denial of a server of that class that the client chose, or undefined when the client may choose it. */
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
    return Object.freeze({ verdict: 'deny', rule, reason, code, setting: this.#path });
  }
}
