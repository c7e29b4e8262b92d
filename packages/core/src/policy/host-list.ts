import { parseIp } from '../base/ip.ts';
import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';
import { compileHosts, HostClasses, MATCHES_NO_PATTERN } from '../zones/host-patterns.ts';

/** A list of host patterns: names, and `*.suffix` for every name below a suffix. */
export class HostList {
  readonly #classes: HostClasses;

  private constructor(patterns: readonly string[]) {
    this.#classes = new HostClasses(patterns);
  }

  /** Throws a {@link PolicyConfigurationError} for what is no pattern of names; `base` is where `path` begins. */
  static ofNames(base: string, path: SettingPath, texts: readonly string[]): HostList {
    const patterns = compileHosts(base, path, texts);
    const index = patterns.findIndex((pattern) => parseIp(pattern) !== undefined);
    if (index < 0) return new HostList(patterns);
    throw new PolicyConfigurationError(base, [...path, index], `"${texts[index]}" is an address; expected a name.`);
  }

  has(host: string): boolean {
    return this.#classes.of(host) !== MATCHES_NO_PATTERN;
  }
}
