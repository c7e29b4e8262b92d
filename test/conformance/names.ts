import { ProxyError, type ResolvedAddress, type Resolver } from '@inband/core';

/** A public address where nobody answers. It exists in memory only. */
const PUBLIC = '9.1.2.3';

/** The answers that the cases speak of, one after the other; the last one stays. */
const ANSWERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  localhost: [['127.0.0.1', '::1']],
  'localhost.': [['127.0.0.1', '::1']],
  'metadata.google.internal': [['169.254.169.254']],
  'rebind.test': [[PUBLIC], ['127.0.0.1']],
  'multi.test': [[PUBLIC, '10.0.0.1']],
  'cname.test': [['127.0.0.1']],
  'aaaamap.test': [['::ffff:169.254.169.254']],
  'stalled.test': [['127.0.0.2']],
};

/** Answers for the names in the cases, and `origin.test`; every other name does not exist. */
export class ScriptedResolver implements Resolver {
  readonly #origin: string;
  readonly #asked = new Map<string, number>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  async resolve(host: string): Promise<{ addresses: ResolvedAddress[] }> {
    const times = this.#asked.get(host) ?? 0;
    this.#asked.set(host, times + 1);
    const answers = host === 'origin.test' ? [[this.#origin]] : ANSWERS[host];
    if (answers === undefined) throw new ProxyError('dns_error', `The name "${host}" does not exist.`);
    const addresses = answers[Math.min(times, answers.length - 1)]!;
    return {
      addresses: addresses.map((address) => ({ family: address.includes(':') ? 'inet6' : 'inet', address })),
    };
  }
}
