import {
  type ChainerDeps,
  definePlugin,
  isPromise,
  type MaybePromise,
  type PrepareContext,
  ProxyError,
  type Session,
} from '@inband/core';
import type * as pac from '@inband/pac';
import { configurationError } from '../options/configuration-error.ts';
import { tlsSettings } from '../options/tls-settings.ts';
import { type PreparedLogin, prepareLogin } from '../parent/prepare-login.ts';
import { askedUrl, formatAskedUrl } from '../ways/asked-url.ts';
import { ParentWays, type ParentWaysDeps } from '../ways/parent-ways.ts';
import type { Way, Ways } from '../ways/way.ts';
import { type WayFinder, WaysChainer } from '../ways/ways-chainer.ts';
import { type PacEntry, parsePacAnswer } from './pac-answer.ts';
import { type PacOptions, pacOptions } from './pac-options.ts';

export type { PacOptions } from './pac-options.ts';

/** What is read before a chainer is made: the package that runs files, and the file. */
export interface PreparedPac {
  readonly module: typeof pac;
  readonly place: pac.PacPlace;
  readonly login: PreparedLogin;
  /** Changes with a secret that the login has from a file. */
  readonly identity: string | undefined;
}

/** Asks a PAC file, and has a chainer for each parent that it names. */
class PacFinder implements WayFinder {
  readonly #options: PacOptions;
  readonly #ways: ParentWays;
  readonly #source: pac.PacSource<Ways>;

  constructor(options: PacOptions, { module, place, login }: PreparedPac, deps: ParentWaysDeps) {
    const { resolver, logger } = deps;
    this.#options = options;
    this.#ways = new ParentWays(options, deps, login);
    this.#source = new module.PacSource<Ways>(place, {
      resolve: async (name) => (await resolver.resolve(name)).addresses.map(({ address }) => address),
      understand: (answer) => this.#understand(answer, deps),
      log: logger,
    });
  }

  start(): void {
    this.#ways.start();
    this.#source.start();
  }

  find(session: Session, host: string, port: number): MaybePromise<Ways> {
    const asked = askedUrl(session, host, port);
    const ways = this.#source.find(formatAskedUrl(asked), asked.host);
    return isPromise(ways) ? ways.catch((error: unknown) => Promise.reject(noAnswer(asked.host, error))) : ways;
  }

  parents(): Iterable<Way> {
    return this.#ways.parents;
  }

  close(): void {
    this.#source.close();
    this.#ways.close();
  }

  #understand(answer: string, { logger }: ParentWaysDeps): Ways {
    const entries = parsePacAnswer(answer, (entry) => {
      logger.warn({ entry: entry.slice(0, 100) }, 'a PAC file names a way that is not known, which is left out');
    });
    return entries.map((entry) => this.#wayOf(entry));
  }

  #wayOf(entry: PacEntry): Ways[number] {
    if (entry.type === 'direct') return this.#ways.direct;
    const { protocol, server, text: key } = entry;
    const { auth, resolve } = this.#options;
    return this.#ways.parent({ key, protocol, server, resolve, auth: loginFor(protocol, auth) });
  }
}

/** A login that a protocol does not know is not used: SOCKS4A has no passwords, SOCKS5 no tokens. */
function loginFor(protocol: string, auth: PacOptions['auth']): PacOptions['auth'] {
  if (protocol === 'http' || protocol === 'https') return auth;
  if (protocol === 'socks4a') return auth?.user === undefined ? undefined : { user: auth.user };
  if (auth?.user === undefined || auth.scheme === 'negotiate') return undefined;
  const { user, password, passwordFile } = auth;
  return (password ?? '') === '' && passwordFile === undefined ? undefined : { user, password, passwordFile };
}

function noAnswer(host: string, error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = `The PAC file does not say how ${host} is reached: ${reason}`;
  return new ProxyError('proxy_configuration_error', message, { setting: 'chainer', cause: error });
}

/** The chainer of a PAC file. */
export function pacChainer(options: PacOptions, prepared: PreparedPac, deps: ParentWaysDeps): WaysChainer {
  const { logger, notices } = deps;
  const finder = new PacFinder(options, prepared, deps);
  return new WaysChainer({ kind: 'pac', finder, stateTimeout: options.stateTimeout, logger, notices });
}

async function prepare(options: PacOptions, context: PrepareContext): Promise<PreparedPac> {
  const module = await import('@inband/pac');
  const login = await prepareLogin(options.auth, context);
  return { module, login, identity: login.identity, place: await placeOf(module, options, context) };
}

async function placeOf(
  module: typeof pac,
  { file, url, refresh }: PacOptions,
  { baseDirectory }: PrepareContext,
): Promise<pac.PacPlace> {
  if (url !== undefined) return { url, refresh };
  try {
    return await module.readPac(file ?? '', baseDirectory);
  } catch (error) {
    throw configurationError(error instanceof Error ? error.message : String(error), 'chainer.file');
  }
}

export const pacPlugin = definePlugin<PacOptions, PreparedPac>({
  provides: 'chainer',
  kind: 'pac',
  schema: pacOptions,
  // The client chooses the server where a file says DIRECT, and the chainer says so itself.
  serverChosenBy: 'operator',
  usesZones: false,
  serverTls: ({ tls }) => tlsSettings({ tls: tls ?? true }, []),
  prepare,
  create: (options, deps: ChainerDeps, prepared) => pacChainer(options, prepared, deps),
});
