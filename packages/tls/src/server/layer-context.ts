import { ProxyError, type ServerTlsSettings } from '@inband/core';
import { hash } from 'node:crypto';
import { TlsConfigurationError } from '../base/configuration-error.ts';
import type { HandshakeOutcome } from '../base/facts.ts';
import type { ServerIdentity, TlsClientContext, TlsImplementation } from '../base/implementation.ts';

/** What may change while a program runs, because it is read from files. */
export interface Followed<Value> {
  readonly current: Value;
  /** Calls `listener` when there is another `current`. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

/** The authorities of servers, and what they have revoked. */
export interface ServerTrust {
  /** PEM, one certificate each. */
  readonly ca: readonly string[];
  /** PEM, a list each. */
  readonly crl: readonly string[];
  /** When the first of the lists is out of date. Milliseconds since 1970; undefined without one. */
  readonly nextUpdate: number | undefined;
  /** Changes with the content. */
  readonly hash: string;
}

/** A certificate that servers get. */
export interface ClientIdentity extends ServerIdentity {
  /** Changes with the content. */
  readonly hash: string;
}

export interface LayerContextOptions {
  readonly settings: ServerTlsSettings;
  readonly implementation: TlsImplementation;
  /** Of `settings.ca` and `settings.crl`. */
  readonly trust: Followed<ServerTrust> | undefined;
  /** Of `settings.cert`. Its `current` is undefined while the files cannot be used. */
  readonly identity: Followed<ClientIdentity | undefined> | undefined;
  /** Told of each handshake, for metrics. One with a server that is not the right one has failed. */
  readonly onHandshake?: ((outcome: HandshakeOutcome) => void) | undefined;
}

/** Bytes of a hash that tell settings apart. */
const ID_DIGITS = 24;

/** The context of all connections with the same settings. Another one is made when files change. */
export class LayerContext {
  readonly settings: ServerTlsSettings;
  readonly implementation: TlsImplementation;
  readonly onHandshake: ((outcome: HandshakeOutcome) => void) | undefined;
  readonly #trust: Followed<ServerTrust> | undefined;
  readonly #identity: Followed<ClientIdentity | undefined> | undefined;
  readonly #unfollow: readonly (() => void)[];
  #made: TlsClientContext | undefined = undefined;
  #id: string;

  constructor({ settings, implementation, trust, identity, onHandshake }: LayerContextOptions) {
    this.settings = settings;
    this.implementation = implementation;
    this.onHandshake = onHandshake;
    this.#trust = trust;
    this.#identity = identity;
    this.#id = this.#newId();
    const changed = (): void => this.#changed();
    this.#unfollow = [trust?.onChange(changed), identity?.onChange(changed)].filter((end) => end !== undefined);
  }

  /** The same as long as settings and files are the same: with any other one, a connection is another one. */
  get id(): string {
    return this.#id;
  }

  /** Throws a {@link ProxyError}. */
  get context(): TlsClientContext {
    return (this.#made ??= this.#make());
  }

  /** When what is known of revoked certificates is out of date. Milliseconds since 1970. */
  get nextUpdate(): number {
    return this.#trust?.current.nextUpdate ?? Infinity;
  }

  close(): void {
    for (const end of this.#unfollow) end();
    this.#release();
  }

  #changed(): void {
    this.#id = this.#newId();
    this.#release();
  }

  /** Connections that were made with it go on. */
  #release(): void {
    this.#made?.release();
    this.#made = undefined;
  }

  #newId(): string {
    const { verify, pin, minVersion } = this.settings;
    const parts = [verify, pin.toSorted(), minVersion, this.#trust?.current.hash, this.#identity?.current?.hash];
    return hash('sha256', JSON.stringify(parts.map((part) => part ?? ''))).slice(0, ID_DIGITS);
  }

  #make(): TlsClientContext {
    const { verify, minVersion, cert, ca, crl } = this.settings;
    const identity = this.#identity?.current;
    if (this.#identity !== undefined && identity === undefined) {
      throw new ProxyError('proxy_configuration_error', `The client certificate ${cert} cannot be used.`, {
        setting: 'chainer.tls.cert',
      });
    }
    const trust = this.#trust?.current;
    if (verify && crl !== undefined && (trust === undefined || trust.crl.length === 0)) {
      throw new ProxyError(
        'proxy_configuration_error',
        `The lists of revoked certificates ${crl.join(', ')} cannot be used.`,
        {
          setting: 'chainer.tls.crl',
        },
      );
    }
    try {
      return this.implementation.clientContext({
        verify,
        minVersion,
        ...(ca && trust && { ca: trust.ca }),
        ...(crl && trust && { crl: trust.crl }),
        ...(identity && { identity }),
      });
    } catch (error) {
      if (!(error instanceof TlsConfigurationError)) throw error;
      throw new ProxyError('proxy_configuration_error', error.message, { setting: 'chainer.tls', cause: error });
    }
  }
}
