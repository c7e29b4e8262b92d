import {
  AccessPolicy,
  addressMatcher,
  AddressTranslation,
  AddressZones,
  type Chainer,
  compileNatRule,
  compileRoute,
  type LimitOptions,
  createProxiedClients,
  joinRoutes,
  type ProtocolProxy,
  ServiceLimits,
} from '@inband/core';
import {
  acceptProtocols,
  createHttpProxy,
  type FieldSource,
  type SourcedValue,
  type Step,
  type TrustedProxies,
} from '@inband/http-proxy';
import { createTlsGuard } from '@inband/tls-guard';
import { childLogger } from '../../log/logging.ts';
import { answering } from './passing/answering.ts';
import { openSource } from './passing/field-sources.ts';
import { makeAuthenticator } from './make-authenticator.ts';
import { filterParents } from './make-filter.ts';
import { AlreadyReported, type BuildDeps, type Make, type Maker } from './made.ts';
import { hostsOf } from './make-host-list.ts';
import { makeTls } from './make-tls.ts';
import type { Values } from '../plan/planned.ts';

export const makePolicy: Make<'policy'> = ({ value: { rules, mode, place, zones } }, { get }) =>
  AccessPolicy.compile(
    rules.map(({ hosts, ...rule }) => ({ ...rule, ...(hosts && { hosts: hostsOf(hosts, get) }) })),
    { mode, zones: get(zones).zones, path: place },
  );

export const makeNat: Make<'nat'> = ({ path, value: { rules, place, zones: table } }, { get, attempt }) => {
  const { zones } = get(table);
  // One by one, so that every rule with a problem is named.
  const compiled = rules.map((rule, index) => attempt(path, () => compileNatRule(rule, index, place, zones)));
  const usable = compiled.filter((rule) => rule !== undefined);
  if (usable.length < rules.length) throw new AlreadyReported();
  return new AddressTranslation(usable, zones);
};

/** For routes that name no zones. */
const BUILTIN_ZONES = new AddressZones();

export const makeRoute: Make<'route'> = ({ value }, { get }) => {
  const { name, match: planned, zones } = value;
  const { host, ...others } = planned;
  const match = { ...others, ...(host && { host: hostsOf(host, get) }) };
  return compileRoute(
    { name, chainer: chainerOf(value, get), match },
    zones === undefined ? BUILTIN_ZONES : get(zones).zones,
  );
};

/** What a route has in the place of its chainer, too. */
export function chainerOf({ chainer, answers }: Values['route'], get: Maker['get']): Chainer {
  if (chainer !== undefined) return get(chainer);
  if (answers === undefined) throw new Error('A route has neither a chainer nor an answer of its own.');
  return answering(answers);
}

export const makeService: Make<'service'> = ({ value }, { get }) => {
  const { name, mode, onlyPicksUp } = value;
  const nat = value.nat && get(value.nat);
  const policy = get(value.policy);
  const routes = value.routes.map((route) => get(route));
  const compiled = joinRoutes(routes, get(value.zones).zones);
  // Frozen, because plugins see it and the audit log has its name.
  return Object.freeze({ name, mode, policy, onlyPicksUp, ...(nat && { nat }), ...compiled });
};

export const makeProxy: Make<'proxy'> = ({ path, value }, maker) => {
  if (value.speaks === 'tls-to-clients') return makeTls(value, maker);
  if (value.speaks === 'proxy-protocol') return makeProxied(value, maker);
  if (value.speaks === 'several') return acceptProtocols(maker.get(value.proxy), value.accept);
  const { deps, get, attempt } = maker;
  const { timers, onSession, waitingBytes, pseudonym } = deps;
  const service = get(value.service);
  const logger = childLogger(deps.logger, { service: service.name });
  const { zones } = get(value.zones);
  const tracer = deps.tracing && attempt(['tracing'], () => deps.tracing?.tracerFor(zones));
  const common = { service, timers, logger, waitingBytes, tracer, ...(onSession && { onSession }) };
  if (value.speaks === 'tls') {
    const { options } = value;
    const { connections: places, bytes } = limitsOf(service.name, value.limits, deps) ?? {};
    const guard = attempt([...path, 'tls'], () => createTlsGuard({ ...common, options, places, bytes }));
    if (guard === undefined) throw new AlreadyReported();
    return guard;
  }
  const { via = pseudonym, ...options } = value.options;
  const { watchStep: watch } = deps;
  const watchStep = watch && ((step: Step): Step => watch(service.name, step));
  const { notesRequests, secureHosts, routeAnswers, routeRewrites, fieldRules } = value;
  const opened: SourcedValue[] = [];
  const openFieldSource = (source: FieldSource): SourcedValue => {
    const from = openSource(source, logger);
    opened.push(from);
    return from;
  };
  const challenges = value.showsChallenges ? deps.acme : undefined;
  const filters = value.filters?.map((filter) => get(filter));
  const parents = value.resolver && filterParents(value.resolver, maker);
  const { auth } = value;
  const { registry, prepared, clientIs, revoked, guesses } = deps;
  const making = { registry, prepared, clientIs, revoked, guesses, mode: service.mode, zones, logger };
  const authenticator = auth && attempt([...path, 'auth'], () => makeAuthenticator(auth, making));
  if (auth !== undefined && authenticator === undefined) throw new AlreadyReported();
  const passing = { routeAnswers, routeRewrites, fieldRules, openFieldSource, compilePattern: deps.compilePattern };
  const filtering = { filters, filterParents: parents };
  const trustedProxies = value.trustedProxies && {
    ...value.trustedProxies,
    trusts: addressMatcher(`services.${service.name}`, ['trustedProxies'], value.trustedProxies.from, zones),
  };
  const limits = limitsOf(service.name, value.limits, deps, trustedProxies);
  const who = { authenticator, trustedProxies, limits };
  const more = { secureHosts, notesRequests, challenges, ...passing, ...filtering, ...who, watchStep };
  const proxy = attempt([...path, 'http'], () => createHttpProxy({ ...common, options: { ...options, via }, ...more }));
  if (proxy !== undefined) return proxy;
  // A proxy that was not made closes nothing.
  for (const from of opened) from.close();
  throw new AlreadyReported();
};

function limitsOf(
  service: string,
  limits: LimitOptions | undefined,
  { limitStates }: Pick<BuildDeps, 'limitStates'>,
  trusted?: TrustedProxies,
): ServiceLimits | undefined {
  if (limits === undefined) return undefined;
  // With the PROXY protocol alone each connection is one client's.
  const carriesOthers = trusted?.fields === 'none' ? undefined : trusted?.trusts;
  return new ServiceLimits(`services.${service}.limits`, limits, limitStates.of(service), carriesOthers);
}

/** Makes what reads headers of the PROXY protocol, in front of what the clients of a listener get. */
function makeProxied(
  { proxy, zones, from, accept, timeout }: Extract<Values['proxy'], { readonly speaks: 'proxy-protocol' }>,
  { deps: { timers, logger, waitingBytes, gate }, get }: Maker,
): ProtocolProxy {
  const trusts = addressMatcher('trustedProxies', ['from'], from, get(zones).zones);
  return createProxiedClients({ proxy: get(proxy), trusts, accept, timeout, timers, logger, waitingBytes, gate });
}
