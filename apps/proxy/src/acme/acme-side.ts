import type { KeptStatus } from '@inband/acme';
import type { Logger } from '@inband/core';
import { isDeepStrictEqual } from 'node:util';
import type { SecretSharing } from './shared/share-acme.ts';
import type { ParsedConfig } from '../config/parse-config.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import { type AcmeCertificate, type AcmeState, NO_ACME } from './acme-view.ts';
import type { OpenedAcme } from './opened-acme.ts';

/** What is kept, and for which settings. */
interface Current {
  readonly settings: NonNullable<Config['acme']>;
  readonly plugin: unknown;
  readonly opened: OpenedAcme;
}

/**
 * Certificates by ACME, for a process that serves clients itself or the supervisor of those that do. What asks the CA is loaded where it is
 * configured. A reload may change everything of it.
 */
export class AcmeSide {
  readonly #logger: Logger;
  readonly #publish: (state: AcmeState) => Promise<void>;
  readonly #sharing: () => SecretSharing | undefined;
  #current: Current | undefined = undefined;
  /** Whether clients are served, so that a CA can look at challenges. */
  #hasBegun = false;
  #isClosed = false;
  /** What reloads have replaced, until it is closed. */
  readonly #leaving = new Set<Promise<void>>();

  /**
   * `publish` tells all processes that serve clients, and resolves when they know. `sharing`: by what members of a cluster share it, once that
   * is open.
   */
  constructor(
    logger: Logger,
    publish: (state: AcmeState) => Promise<void>,
    sharing: () => SecretSharing | undefined = () => undefined,
  ) {
    this.#logger = logger;
    this.#publish = publish;
    this.#sharing = sharing;
  }

  /** Reads the certificates that are there. Rejects with a `ConfigError` if the state folder is of no use. */
  async open(parsed: ParsedConfig, source: ConfigSource): Promise<void> {
    this.#current = await this.#make(parsed, source);
    await this.#publish(this.state);
  }

  /** Listeners accept: certificates may be ordered from now on. */
  begin(): void {
    this.#hasBegun = true;
    if (!this.#isClosed) this.#current?.opened.begin();
  }

  /** Runs a reload, and changes with it if it succeeds. Rejects with a `ConfigError`, without running it, if ACME cannot change. */
  async during<Result>(parsed: ParsedConfig, source: ConfigSource, reload: () => Promise<Result>): Promise<Result> {
    const before = this.#current;
    const settings = parsed.config.acme;
    if (isDeepStrictEqual(before?.settings, settings) && before?.plugin === pluginOf(parsed)) return await reload();
    const next = await this.#make(parsed, source);
    try {
      const result = await reload();
      this.#replace(next);
      return result;
    } catch (error) {
      await next?.opened.close();
      throw error;
    }
  }

  get state(): AcmeState {
    return this.#current?.opened.state ?? NO_ACME;
  }

  get status(): readonly KeptStatus[] {
    return this.#current?.opened.status ?? [];
  }

  /** See `Keeper.demand`. */
  async demand(host: string): Promise<AcmeCertificate | undefined> {
    return await this.#current?.opened.demand(host);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#leave(this.#current);
    await Promise.allSettled(this.#leaving);
  }

  async #make(parsed: ParsedConfig, source: ConfigSource): Promise<Current | undefined> {
    const settings = parsed.config.acme;
    if (settings === undefined) return undefined;
    const { openAcme } = await import('./open-acme.ts');
    let opened: OpenedAcme | undefined;
    // One that is only prepared, or has been replaced, does not speak for all.
    const publish = async (state: AcmeState): Promise<void> => {
      if (opened !== undefined && this.#current?.opened === opened) await this.#publish(state);
    };
    opened = await openAcme(settings, { parsed, source, logger: this.#logger, publish, sharing: this.#sharing() });
    return { settings, plugin: pluginOf(parsed), opened };
  }

  #replace(next: Current | undefined): void {
    const before = this.#current;
    if (this.#isClosed) return this.#leave(next);
    this.#current = next;
    this.#leave(before);
    void this.#publish(this.state);
    if (this.#hasBegun) next?.opened.begin();
  }

  #leave(current: Current | undefined): void {
    if (current === undefined) return;
    const leaving = current.opened.close().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

function pluginOf({ config: { acme }, registry }: ParsedConfig): unknown {
  return acme === undefined || typeof acme.challenge === 'string' ? undefined : registry.acmeDns(acme.challenge.type);
}
