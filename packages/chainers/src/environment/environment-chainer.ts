import { definePlugin, type Session } from '@inband/core';
import { z } from 'zod';
import { configurationError } from '../options/configuration-error.ts';
import { connectShape } from '../options/options.ts';
import { AddressSyntaxError } from '../options/server-address.ts';
import { tlsSettings } from '../options/tls-settings.ts';
import { askedUrl } from '../ways/asked-url.ts';
import { type FoundParent, ParentWays, type ParentWaysDeps, type ParentWaysOptions } from '../ways/parent-ways.ts';
import type { Way, Ways } from '../ways/way.ts';
import { type WayFinder, WaysChainer } from '../ways/ways-chainer.ts';
import { parseParentUrl } from './parent-url.ts';
import {
  type Environment,
  proxyFor,
  type ProxyVariable,
  type ProxyVariables,
  readProxyVariables,
} from './proxy-variables.ts';

/** Finds the proxy that the environment names for what a client asks for, as it was when this was made. */
class EnvironmentFinder implements WayFinder {
  readonly #variables: ProxyVariables;
  readonly #ways: ParentWays;
  readonly #direct: Ways;
  /** By the name of the variable. */
  readonly #parents: ReadonlyMap<string, Ways>;
  readonly #warn: () => void;

  constructor(environment: Environment, options: ParentWaysOptions, deps: ParentWaysDeps) {
    this.#variables = readProxyVariables(environment);
    this.#ways = new ParentWays(options, deps);
    this.#direct = [this.#ways.direct];
    const { http, https } = this.#variables;
    const named = [http, https].filter((variable) => variable !== undefined);
    this.#parents = new Map(named.map((variable) => [variable.name, [this.#ways.parent(parentIn(variable))]]));
    this.#warn = () => {
      if (named.length === 0)
        deps.logger.warn({}, 'no environment variable names a proxy, so everything is reached directly');
      if (http === undefined && (environment.HTTP_PROXY ?? '') !== '')
        deps.logger.warn({}, 'HTTP_PROXY is not read, because a CGI program gets it from its client; set http_proxy');
    };
  }

  start(): void {
    this.#warn();
    this.#ways.start();
  }

  find(session: Session, host: string, port: number): Ways {
    const variable = proxyFor(this.#variables, askedUrl(session, host, port));
    return (variable && this.#parents.get(variable.name)) ?? this.#direct;
  }

  parents(): Iterable<Way> {
    return this.#ways.parents;
  }

  close(): void {
    this.#ways.close();
  }
}

function parentIn({ name, value }: ProxyVariable): FoundParent {
  try {
    const { protocol, server, address, resolve, user, password } = parseParentUrl(value);
    const auth = user === undefined ? undefined : { user, password };
    return { key: `${name} ${address}`, protocol, server, resolve, auth };
  } catch (error) {
    if (!(error instanceof AddressSyntaxError)) throw error;
    throw configurationError(`The environment variable ${name}: ${error.message}.`, 'chainer');
  }
}

/** There is one way to each host, so nothing is tried after it. */
const NO_MARKS = 0;

/** The chainer of an environment. Throws a `ProxyError` if a variable names no proxy. */
export function environmentChainer(
  options: ParentWaysOptions,
  deps: ParentWaysDeps,
  environment: Environment = process.env,
): WaysChainer {
  const finder = new EnvironmentFinder(environment, options, deps);
  return new WaysChainer({ kind: 'environment', finder, stateTimeout: NO_MARKS, logger: deps.logger });
}

const environmentOptions = z
  .strictObject({ local: connectShape.local, connectTimeout: connectShape.connectTimeout, tls: connectShape.tls })
  .superRefine(({ tls }, context) => {
    if (tls === false) context.addIssue({ code: 'custom', path: ['tls'], message: TLS_OFF, input: tls });
  })
  .describe(
    'Connects by the proxies that the environment names in http_proxy, https_proxy, all_proxy and no_proxy, as curl reads them.',
  );

const TLS_OFF = 'proxies that are named with https:// speak TLS';

export const environmentPlugin = definePlugin<z.output<typeof environmentOptions>>({
  provides: 'chainer',
  kind: 'environment',
  schema: environmentOptions,
  // The client chooses the server of a direct connection, and the chainer says so itself.
  serverChosenBy: 'operator',
  usesZones: false,
  serverTls: ({ tls }) => (asksOverTls(process.env) ? tlsSettings({ tls: tls ?? true }, []) : undefined),
  create: (options, deps) => environmentChainer(options, deps),
});

/** Whether one of the proxies is asked over TLS. What names none is a problem when the chainer is made. */
function asksOverTls(environment: Environment): boolean {
  const { http, https } = readProxyVariables(environment);
  return [http, https].some((variable) => /^https:/i.test(variable?.value ?? ''));
}
