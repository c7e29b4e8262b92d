import { NamePatterns, type ProtocolProxy } from '@inband/core';

/** What becomes of clients that ask for certain names. */
export interface MatchRule {
  /** Exact, or `*.suffix`. Undefined: every ClientHello, with a name and without. */
  readonly names: readonly string[] | undefined;
  /**
   * `pass`: `proxy` gets the connection as it came. `terminate`: TLS ends here, and `proxy` gets what is in it. The others refuse the
   * client: by an alert, or by a reset.
   */
  readonly action: 'pass' | 'terminate' | 'alert' | 'reset';
  /** Of another service; unless the client is refused. */
  readonly proxy: ProtocolProxy | undefined;
}

/** The rules of a listener, of which the first whose names match decides. */
export class HelloMatch {
  readonly #rules: readonly { readonly rule: MatchRule; readonly names: NamePatterns | undefined }[];

  /** Throws a `PolicyConfigurationError`. */
  constructor(rules: readonly MatchRule[]) {
    this.#rules = rules.map((rule, index) => ({
      rule,
      names: rule.names && NamePatterns.compile('listeners[].tls', ['match', index, 'names'], rule.names),
    }));
  }

  /** Undefined: TLS ends here, for the service of the listener. */
  ruleFor(serverName: string | undefined): MatchRule | undefined {
    return this.#rules.find(
      ({ names }) => names === undefined || (serverName !== undefined && names.matches(serverName)),
    )?.rule;
  }
}
