import { ProxyError } from '../../base/errors.ts';
import { parseIp } from '../../base/ip.ts';
import type { MadeNotices, NoticeValue, Topic } from '../../notices/notices.ts';
import type { KnownName, ResolvedAddress } from '../resolver.ts';

/** Milliseconds for which nothing is heard after the machine's configuration has changed, because other workers may not have seen that yet. */
const SETTLING = 5_000;

/**
 * What the workers of a machine tell each other of names that they have looked up: addresses, and that a name does not exist. That no DNS server
 * has answered is not told, because it says nothing about the name, and lasts a second.
 */
export class SharedAnswers {
  readonly #notices: MadeNotices;
  readonly #topic: Topic;
  /** On the clock of `performance.now`. */
  #deafUntil = 0;

  constructor(notices: MadeNotices, heard: (host: string, outcome: KnownName, ttl: number) => void) {
    this.#notices = notices;
    this.#topic = notices.topic('answers');
    this.#topic.follow((host, value, ttl) => {
      const outcome = value === undefined ? undefined : outcomeOf(value);
      if (outcome !== undefined && performance.now() >= this.#deafUntil) heard(host, outcome, ttl);
    });
  }

  /** `lifetime`: milliseconds for which the outcome is in the cache. */
  tell(host: string, outcome: KnownName, lifetime: number): void {
    const value = valueOf(outcome);
    if (value !== undefined && lifetime > 0) this.#topic.tell(host, value, lifetime);
  }

  /** What is known of these names may be wrong. Other workers find that out by themselves; those that are started later must not hear it. */
  changed(hosts: Iterable<string>): void {
    this.#deafUntil = performance.now() + SETTLING;
    for (const host of hosts) this.#topic.tell(host, undefined, 0);
  }

  close(): void {
    this.#notices.close();
  }
}

function valueOf(outcome: KnownName): NoticeValue | undefined {
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return code === 'dns_error' ? { failed: message } : undefined;
  }
  const { addresses, ttl } = outcome.resolution;
  return { addresses: addresses.map(({ address }) => address), ttl };
}

function outcomeOf(value: NoticeValue): KnownName | undefined {
  if (typeof value !== 'object') return undefined;
  if ('failed' in value) {
    return typeof value.failed === 'string' ? { error: new ProxyError('dns_error', value.failed) } : undefined;
  }
  if (!('addresses' in value) || !Array.isArray(value.addresses)) return undefined;
  const addresses = value.addresses.flatMap(resolved);
  if (addresses.length === 0) return undefined;
  return { resolution: typeof value.ttl === 'number' ? { addresses, ttl: value.ttl } : { addresses } };
}

function resolved(address: unknown): ResolvedAddress[] {
  const bytes = typeof address === 'string' ? parseIp(address) : undefined;
  if (typeof address !== 'string' || bytes === undefined) return [];
  return [{ family: address.includes(':') ? 'inet6' : 'inet', address }];
}
