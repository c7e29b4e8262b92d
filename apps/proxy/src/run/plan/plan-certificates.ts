import type { ParsedConfig } from '../../config/parse-config.ts';
import type { PlannedIdentity, Ref, Values } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';

/** Plans the certificates and authorities of listeners. Those with the same files share them. */
export class IdentityPlanner {
  readonly #planner: Planner;
  readonly #parsed: ParsedConfig;
  /** By what they are made of. */
  readonly #planned = new Map<string, Ref>();

  constructor(planner: Planner, parsed: ParsedConfig) {
    this.#planner = planner;
    this.#parsed = parsed;
  }

  /** The certificates of a listener; undefined without `tls`. */
  identityOf(listener: number): PlannedIdentity | undefined {
    const { tls, config } = this.#parsed;
    const files = tls?.listeners.get(listener);
    if (files === undefined) return undefined;
    const { certificates, trust } = files;
    const defaultName = config.listeners[listener]?.tls?.defaultCertificate;
    const isTrusting = trust.ca.length + trust.crl.length > 0;
    return {
      certificates: this.#add('certificates', listener, { ...certificates, defaultName }),
      trust: isTrusting ? this.#add('trust', listener, trust) : undefined,
    };
  }

  #add<K extends 'certificates' | 'trust'>(kind: K, listener: number, value: Values[K]): Ref<K> {
    const text = `${kind} ${JSON.stringify(value)}`;
    const known = this.#planned.get(text);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the text begins with the kind
    if (known !== undefined) return known as Ref<K>;
    const ref = refTo(this.#planner.add(kind, ['listeners', listener, 'tls'], frozen(value)));
    this.#planned.set(text, ref);
    return ref;
  }
}
