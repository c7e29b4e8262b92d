import { errorCode } from '../dns-errors.ts';
import {
  type DnsAnswer,
  type DnsQuestion,
  encodeQuestion,
  readAnswer,
  type RecordType,
  type TimedAddress,
  type TimedService,
} from './dns-message.ts';
import type { DnsServerAddress, DnsSockets } from '../dns-sockets.ts';

/** How servers are queried, as in resolv.conf(5). */
export interface DnsClientOptions {
  readonly servers: readonly DnsServerAddress[];
  /** Milliseconds for one query. Shortened when all of them would not fit into `budget`. */
  readonly timeout: number;
  /** The number of queries to each server. */
  readonly attempts: number;
  /** Begins each look-up with a random server. */
  readonly rotate?: boolean;
  /** Queries over TCP only. */
  readonly useTcp?: boolean;
  /** Milliseconds for one look-up in all, whatever the number of servers and attempts. Default 9.5 s. */
  readonly budget?: number;
}

/** An answer with records, or with none of the type. */
type Records = Extract<DnsAnswer, { type: 'addresses' | 'services' }>;

/** A little less than `lookupTimeout`, so that the error says which server failed and how. */
const DEFAULT_BUDGET = 9_500;

/** Response codes (RFC 1035 section 4.1.1) and the names that c-ares, and so Node, has for them. */
const RCODES: Readonly<Record<number, string>> = { 1: 'EFORMERR', 2: 'ESERVFAIL', 4: 'ENOTIMP', 5: 'EREFUSED' };

/** Queries DNS servers, one after the other, for the records of one type. Owns no socket between queries. */
export class DnsClient {
  readonly #sockets: DnsSockets;
  readonly #options: DnsClientOptions;
  /** Milliseconds. */
  readonly #timeout: number;

  constructor(sockets: DnsSockets, options: DnsClientOptions) {
    const { servers, attempts, timeout, budget = DEFAULT_BUDGET } = options;
    this.#sockets = sockets;
    this.#options = options;
    this.#timeout = Math.max(1, Math.min(timeout, Math.floor(budget / Math.max(1, servers.length * attempts))));
  }

  /**
   * Returns the addresses of a name, maybe none. Rejects with an error that has a `code`: `ENOTFOUND` when a server says
   * that the name does not exist, else the first error that is not a timeout, else `ETIMEOUT`.
   */
  async addresses(name: string, record: 'A' | 'AAAA', signal: AbortSignal): Promise<readonly TimedAddress[]> {
    const answer = await this.#ask(name, record, signal);
    return answer.type === 'addresses' ? answer.addresses : [];
  }

  /** The same for the places of a service (RFC 2782). */
  async services(name: string, signal: AbortSignal): Promise<readonly TimedService[]> {
    const answer = await this.#ask(name, 'SRV', signal);
    return answer.type === 'services' ? answer.services : [];
  }

  async #ask(name: string, record: RecordType, signal: AbortSignal): Promise<Records> {
    let servers = this.#inOrder();
    let failure: Error | undefined;
    for (let attempt = 0; attempt < this.#options.attempts; attempt += 1) {
      const silent: DnsServerAddress[] = [];
      for (const server of servers) {
        const answer = await this.#try(server, { id: randomId(), name, record }, signal);
        if (answer instanceof Error) {
          if (signal.aborted) throw answer;
          const isSilent = errorCode(answer) === 'ETIMEOUT';
          // Only a server that did not answer is queried again, because the others would answer the same.
          if (isSilent) silent.push(server);
          if (failure === undefined || errorCode(failure) === 'ETIMEOUT') failure = answer;
        } else if (answer.type === 'no-such-name') throw withCode('ENOTFOUND', 'there is no such name');
        else return answer;
      }
      servers = silent;
    }
    throw failure ?? withCode('ENODNS', 'there is no DNS server to ask');
  }

  #inOrder(): readonly DnsServerAddress[] {
    const { servers, rotate = false } = this.#options;
    if (!rotate || servers.length < 2) return servers;
    // Random instead of round robin, because queries come in pairs and one server would get all those for IPv4.
    const first = Math.floor(Math.random() * servers.length);
    return [...servers.slice(first), ...servers.slice(0, first)];
  }

  /** Sends one query to one server. Returns the error instead of throwing it. */
  async #try(
    server: DnsServerAddress,
    question: DnsQuestion,
    signal: AbortSignal,
  ): Promise<Records | Extract<DnsAnswer, { type: 'no-such-name' }> | Error> {
    try {
      const answer = await this.#exchange(server, question, signal);
      if (answer.type !== 'failed' && answer.type !== 'truncated') return answer;
      const rcode = answer.type === 'failed' ? answer.rcode : undefined;
      return withCode(RCODES[rcode ?? -1] ?? 'EBADRESP', `the DNS server gave no answer (rcode ${rcode ?? 'none'})`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #exchange(server: DnsServerAddress, question: DnsQuestion, signal: AbortSignal): Promise<DnsAnswer> {
    const query = encodeQuestion(question);
    const bounds = { timeout: this.#timeout, signal };
    signal.throwIfAborted();
    if (this.#options.useTcp !== true) {
      const answer = await this.#sockets.datagram(server, query, bounds, (bytes) => readAnswer(bytes, question));
      if (answer.type !== 'truncated') return answer;
    }
    const answer = readAnswer(await this.#sockets.stream(server, query, bounds), question);
    return answer ?? { type: 'failed', rcode: -1 };
  }
}

function randomId(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0]!;
}

function withCode(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
