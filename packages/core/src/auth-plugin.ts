import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Authenticator } from './auth/authenticator.ts';
import type { RevokedTokens } from './auth/revoked-tokens.ts';
import type { SharedGuesses } from './auth/shared-guesses.ts';
import type { Logger } from './base/logger.ts';
import type { ServiceMode } from './policy/service-mode.ts';
import type { PrepareContext } from './prepare-context.ts';
import type { AddressZones } from './zones/zones.ts';

/** What an authenticator may use. */
export interface AuthDeps {
  readonly logger: Logger;
  /** Its place in the configuration with which it is made: `services.web.auth[1]`. For errors, whose reader looks for the setting. */
  readonly setting: string;
  /** Of its service: in mode forward credentials are in `Proxy-Authorization`, in mode reverse in `Authorization`. */
  readonly mode: ServiceMode;
  /** The zones of the configuration, the built-in ones included. */
  readonly zones: AddressZones;
  /** The folder of the configuration, to which paths in options are relative. */
  readonly baseDirectory: string;
  /** Tokens that are refused whatever they say. Undefined where no clients are served. */
  readonly revoked?: RevokedTokens | undefined;
  /** Wrong guesses that are counted with other processes. Undefined where there are none. */
  readonly guesses?: SharedGuesses | undefined;
}

/** What an {@link AuthPlugin} knows while a configuration is loaded. */
export interface AuthPrepareContext extends PrepareContext {
  /**
   * Says what cannot be used, at an option or within one. It is an error of the configuration. In a worker that starts again it is a
   * warning, because that configuration was judged already and other clients are to be served, so `prepare` must resolve in any case.
   */
  readonly report: (message: string, option: readonly (string | number)[]) => void;
  /** Says what can be used and is hardly meant, at an option or within one. It is a warning, always. */
  readonly warn: (message: string, option: readonly (string | number)[]) => void;
}

/**
 * A way by which clients say who they are: an entry of `services.NAME.auth` has its kind as `type`. Its life: `schema` validates the
 * options, `prepare` reads files, `create` makes the authenticator, whose `authenticate` is called for each request, and `close` at the end.
 */
export interface AuthPlugin<Options = unknown, Prepared = void> {
  readonly provides: 'auth';
  readonly kind: string;
  /** Any Standard Schema for the options, `type` left out. */
  readonly schema: StandardSchemaV1<unknown, Options>;
  /**
   * Whether its authenticators look at nothing but the client's connection (its address, its certificate) and ask nobody. Then
   * `inband explain` asks them; others it does not ask, because it must not use the network. Default: false.
   */
  readonly looksAtConnection?: boolean;
  /**
   * Does what takes time before authenticators can be made, such as reading files and loading modules. Called whenever a configuration is
   * loaded, also by `inband check`, so it must hold nothing that has to be closed. What it rejects with is a problem of the configuration.
   */
  prepare?(options: Options, context: AuthPrepareContext): Promise<Prepared>;
  /** Makes the authenticator of one service. It must not use the network before it is asked, because `inband check` makes it, too. */
  create(options: Options, deps: AuthDeps, prepared: Prepared): Authenticator;
}
