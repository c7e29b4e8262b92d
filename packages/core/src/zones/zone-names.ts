import { parseIp } from '../base/ip.ts';
import type { Logger } from '../base/logger.ts';
import type { Resolver } from '../resolver/resolver.ts';
import { type NameChange, ZoneName, type ZoneNameTimes } from './zone-name.ts';
import type { AddressZones } from './zones.ts';

export interface ZoneNamesDeps {
  readonly zones: AddressZones;
  readonly resolver: Resolver;
  readonly logger: Logger;
}

/** Milliseconds. */
const DEFAULT_TIMES: ZoneNameTimes = {
  minimum: 10_000,
  maximum: 300_000,
  withoutTtl: 30_000,
  keepFailed: 3_600_000,
};

/** The most addresses of one name that are added to its zone. */
const MAX_ADDRESSES = 64;

/**
 * Resolves the host names of zones: at the start and whenever an answer expires, independently of requests. The zones
 * change only when an answer does.
 *
 * An answer never adds loopback, link-local (cloud metadata) and reserved addresses to a zone, embedded ones included,
 * because whoever controls the DNS of the name would decide what rules with that zone allow. Private addresses are added.
 */
export class ZoneNames {
  readonly #deps: ZoneNamesDeps;
  readonly #names: readonly ZoneName[];
  #started = false;
  #closed = false;
  #contested = '';

  constructor(deps: ZoneNamesDeps, times: ZoneNameTimes = DEFAULT_TIMES) {
    this.#deps = deps;
    this.#names = [...deps.zones.hosts.keys()].map(
      (host) => new ZoneName(host, deps.resolver, times, (change) => this.#changed(host, change)),
    );
  }

  /** Looks up every name. Resolves when all are done, or after `wait` milliseconds. Later answers are applied as they come. */
  async start(wait: number): Promise<void> {
    if (this.#names.length > 0) {
      let timer: NodeJS.Timeout | undefined;
      const timeUp = new Promise<void>((resolve) => (timer = setTimeout(resolve, wait)));
      await Promise.race([Promise.all(this.#names.map((name) => name.refresh())), timeUp]);
      clearTimeout(timer);
    }
    if (this.#closed) return;
    this.#started = true;
    const missing = this.#names.filter((name) => !name.isKnown).map(({ host }) => host);
    if (missing.length > 0) {
      const message = 'host names of zones have no addresses yet; their zones lack these until a look-up succeeds';
      this.#deps.logger.warn({ names: missing.slice(0, 10), count: missing.length }, message);
    }
    if (this.#names.length > 0) this.#publish();
  }

  close(): void {
    this.#closed = true;
    for (const name of this.#names) name.close();
  }

  #changed(host: string, change: NameChange): void {
    if (this.#closed) return;
    this.#tell({ name: host, zone: this.#deps.zones.hosts.get(host) }, change);
    // `start` publishes the first answers together.
    if (this.#started && (change.type === 'answer' || change.type === 'expired')) this.#publish();
  }

  #tell(fields: object, change: NameChange): void {
    const { logger } = this.#deps;
    switch (change.type) {
      case 'answer': {
        const { accepted, refused } = this.#sort(change.addresses);
        if (refused.length > 0)
          logger.warn({ ...fields, refused }, 'addresses of a host name are not added to its zone');
        const addresses = accepted.map(({ text }) => text);
        return logger.debug({ ...fields, addresses }, 'a host name of a zone has other addresses');
      }
      case 'failed':
        return logger.warn(
          { ...fields, detail: change.reason },
          'a host name of a zone cannot be looked up; its last addresses are kept',
        );
      case 'expired':
        return logger.warn(
          { ...fields, detail: change.reason },
          'a host name of a zone could not be looked up for too long; its addresses are removed',
        );
      case 'recovered':
        return logger.info(fields, 'a host name of a zone can be looked up again');
    }
  }

  #publish(): void {
    const addresses = new Map<string, readonly Uint8Array[]>();
    for (const { host, addresses: texts } of this.#names) {
      addresses.set(
        host,
        this.#sort(texts).accepted.map(({ bytes }) => bytes),
      );
    }
    const { count, zones } = this.#deps.zones.replaceHosts(addresses);
    const contested = [...zones].map(([zone, goesTo]) => ({ zone, goesTo }));
    const known = this.#contested;
    this.#contested = JSON.stringify(contested);
    // Logged when conflicts begin and when other zones are affected, not at every change of an address.
    if (count === 0 || known === this.#contested) return;
    const message = 'addresses of host names belong to several zones; the first zone of the configuration has them';
    this.#deps.logger.warn({ count, contested }, message);
  }

  #sort(texts: readonly string[]): { accepted: { text: string; bytes: Uint8Array }[]; refused: string[] } {
    const accepted: { text: string; bytes: Uint8Array }[] = [];
    const refused: string[] = [];
    for (const text of texts) {
      const bytes = parseIp(text);
      const builtin = bytes && this.#deps.zones.membershipOf(bytes, 'server').builtin;
      const isFit = (builtin === 'public' || builtin === 'private') && accepted.length < MAX_ADDRESSES;
      if (bytes !== undefined && isFit) accepted.push({ text, bytes });
      else refused.push(text);
    }
    return { accepted, refused: refused.slice(0, 10) };
  }
}
