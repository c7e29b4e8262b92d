import { checkCluster } from './cluster/check-cluster.ts';
import { checkTrusted } from '../client/check-trusted.ts';
import { formatBind, parseBind, parseSockAddr } from '../values/bind.ts';
import { checkCleartext, cleartextListeners } from './auth/check-cleartext.ts';
import { checkNames } from './auth/check-names.ts';
import { checkReferences } from './check-references.ts';
import { checkAccept } from './check-accept.ts';
import { checkAcme } from './check-acme.ts';
import { checkAdmin } from './check-admin.ts';
import { checkAnswers } from './routes/check-answers.ts';
import { checkLog } from './check-log.ts';
import { checkConditions } from './conditions/check-conditions.ts';
import { checkNamedChainers } from './chainers/check-named-chainers.ts';
import { checkPools } from './chainers/check-pools.ts';
import { checkForging, checkNat } from './check-translation.ts';
import { checkParents } from './check-parents.ts';
import { checkZones } from './check-zones.ts';
import { checkOpenPorts } from './open-ports-check.ts';
import { type ConfigPath, isRecord, type Problem } from '../problem/problem.ts';
import type { PluginUse } from '../plugins/plugin-uses.ts';
import type { FoundReference } from '../schema/references-in.ts';
import { checkTransparent } from './transparent-check.ts';
import { checkTls, knowsClients } from './check-tls.ts';
import { checkSocketFile } from './check-socket-file.ts';
import { checkRewrites } from './routes/check-rewrites.ts';
import { named, records } from '../problem/written.ts';

/**
 * Checks what a schema cannot express: references between parts, and features that this version does not have. The
 * configuration is as it was written. Values of the wrong type are skipped, because the schema reports them in the same run.
 * `uses` and `references` are all uses of plugins and all references in `config`.
 */
export function crossCheck(
  config: Record<string, unknown>,
  { uses, references }: { readonly uses: readonly PluginUse[]; readonly references: readonly FoundReference[] },
): Problem[] {
  return [
    ...checkWorkers(config),
    ...checkLog(config.log),
    ...checkAcme(config),
    ...checkAdmin(config),
    ...checkCluster(config),
    ...checkListeners(config),
    ...checkAccept(config),
    ...checkSocketFiles(config),
    ...checkTls(config),
    ...checkTrusted(records(config.listeners), named(config.services)),
    ...checkServices(config),
    ...checkAnswers(config),
    ...checkRewrites(config),
    ...checkForging(config, uses),
    ...checkTransparent(config),
    ...checkParents(config, uses),
    ...checkPools(config, uses),
    ...checkOpenPorts(config, references, uses),
    ...checkNamedChainers(config.chainers, references),
    ...checkZones(config),
    ...checkReferences(config, references),
  ];
}

/** Only addresses with a port can be shared by processes. "auto" counts as several, so that the result is the same on every machine. */
function checkWorkers({ workers, listeners }: Record<string, unknown>): Problem[] {
  if (workers !== 'auto' && !(typeof workers === 'number' && workers > 1)) return [];
  const message = 'several workers cannot share a unix socket; bind an address with a port, or set "workers" to 1.';
  return records(listeners)
    .filter(([, { bind }]) => typeof bind === 'string' && parseSockAddr(bind)?.family === 'unix')
    .map(([index]) => ({ path: ['listeners', index, 'bind'], message }));
}

function checkListeners({ listeners }: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, ConfigPath>();
  for (const [index, { bind }] of records(listeners)) {
    const address = typeof bind === 'string' ? parseBind(bind) : undefined;
    if (address === undefined || ('port' in address && address.port === 0)) continue;
    const name = formatBind(address);
    const other = taken.get(name);
    if (other !== undefined) {
      problems.push({
        path: ['listeners', index, 'bind'],
        message: `listeners[${String(other[1])}] binds ${name} already.`,
      });
    } else taken.set(name, ['listeners', index]);
  }
  return problems;
}

function checkSocketFiles({ listeners }: Record<string, unknown>): Problem[] {
  return records(listeners).flatMap(([index, listener]) => checkSocketFile(['listeners', index], listener));
}

function checkServices(config: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const knowsNobody = !knowsClients(config);
  const inTheClear = cleartextListeners(config.listeners);
  for (const [name, service] of named(config.services)) {
    const path = ['services', name];
    const written = { access: records(service.access), routes: records(service.routes) };
    const [always] = written.routes.find(([, route]) => matchesAll(route)) ?? [];
    if (always !== undefined && Array.isArray(service.routes) && always < service.routes.length - 1) {
      const message = 'this route and what follows is never reached: the one before it matches every request.';
      problems.push({ path: [...path, 'routes', always + 1], warning: true, message });
    }
    problems.push(...checkConditions(path, { proxy: service.proxy, mode: service.mode, ...written }));
    problems.push(...checkNat([...path, 'nat'], service.nat));
    problems.push(...checkAuth(path, service));
    problems.push(...checkCleartext(path, service.auth, inTheClear.get(name)));
    problems.push(...checkNames(path, service, !knowsNobody));
    if (service.auth === undefined) {
      problems.push(...checkUsers([...path, 'access'], service.access, knowsNobody));
      problems.push(...checkUsers([...path, 'nat'], service.nat, knowsNobody));
    }
    problems.push(...checkHttp([...path, 'http'], service));
  }
  return problems;
}

/** Warns about settings that have no effect in the mode of the service. */
function checkHttp(path: ConfigPath, { mode, http }: Record<string, unknown>): Problem[] {
  if (!isRecord(http)) return [];
  const warning = (key: string, message: string): Problem[] =>
    key in http ? [{ path: [...path, key], at: 'key', warning: true, message }] : [];
  const onlyForward = 'this has no effect: only clients of a forward proxy know of it.';
  return [
    ...(mode === 'reverse' ? warning('connectPorts', 'this has no effect: there is no CONNECT in mode reverse.') : []),
    ...(mode === 'forward' ? [] : [...warning('ownPages', onlyForward), ...warning('pacDirect', onlyForward)]),
    ...(http.ownPages === false ? warning('pacDirect', 'this has no effect without "ownPages".') : []),
  ];
}

/** Warns about rules for users and certificates. Where nothing says who clients are, they never match. */
function checkUsers(path: ConfigPath, rules: unknown, knowsNobody: boolean): Problem[] {
  const keys = knowsNobody ? (['users', 'groups', 'certificates'] as const) : (['groups'] as const);
  return records(rules).flatMap(([index, rule]) =>
    (['allow', 'deny', 'dnat', 'snat'] as const)
      .flatMap((action) => keys.map((key) => ({ action, key })))
      .filter(({ action, key }) => isRecord(rule[action]) && key in rule[action])
      .map(({ action, key }): Problem => {
        const message =
          key === 'groups'
            ? 'this rule never matches: the service has no "auth", by which users have groups.'
            : 'this rule never matches: no listener asks clients for a certificate (tls.clientAuth)' +
              (key === 'users' ? ', and the service has no "auth".' : '.');
        return { path: [...path, index, action, key], at: 'key', warning: true, message };
      }),
  );
}

/** What an intercepted client is asked by a proxy that it does not know of, it would answer to nobody. */
function checkAuth(path: ConfigPath, { auth, mode, proxy }: Record<string, unknown>): Problem[] {
  if (auth === undefined || (mode !== 'transparent' && proxy !== 'tls')) return [];
  const message = 'clients can be asked who they are in mode forward and reverse only.';
  return [{ path: [...path, 'auth'], at: 'key', message }];
}

function matchesAll({ match }: Record<string, unknown>): boolean {
  return match === undefined || (isRecord(match) && Object.keys(match).length === 0);
}
