import { isAbsolute, relative, resolve } from 'node:path';
import { isRecord } from '../problem/problem.ts';

/**
 * Paths in an included file are relative to the folder `from` of that file; here they become relative to `to`, as everything in a
 * configuration is. They are those of zones, lists of hosts, plugins, error pages, users, certificates of listeners and the admin server, the state of
 * ACME, the store and the cluster, the log, TLS to servers, servers of pools and the SDK for traces. Values of
 * another type stay as they are: the schema reports them.
 */
export function rebasePaths(
  value: Readonly<Record<string, unknown>>,
  from: string,
  to: string,
): Record<string, unknown> {
  if (from === to) return { ...value };
  const rebase = (path: unknown): unknown =>
    typeof path !== 'string' || path === '' || isAbsolute(path) ? path : relative(to, resolve(from, path));
  const rebased = { ...value };
  if (isRecord(value.zones)) rebased.zones = mapValues(value.zones, (zone) => rebaseZone(zone, rebase));
  if (isRecord(value.services)) {
    rebased.services = mapValues(value.services, (service) => rebaseService(service, rebase));
  }
  if (isRecord(value.chainers)) {
    rebased.chainers = mapValues(value.chainers, (chainer) => nestedIn(chainer, rebase));
  }
  if (isRecord(value.log) && value.log.file !== undefined) {
    rebased.log = { ...value.log, file: rebase(value.log.file) };
  }
  if (Array.isArray(value.listeners)) {
    rebased.listeners = value.listeners.map((listener: unknown) => rebaseListener(listener, rebase));
  }
  if (isRecord(value.admin) && isRecord(value.admin.tls)) {
    rebased.admin = { ...value.admin, tls: mapValues(value.admin.tls, rebase) };
  }
  if (isRecord(value.acme)) {
    const { state, ca } = value.acme;
    rebased.acme = { ...value.acme, state: rebase(state), ...(ca !== undefined && { ca: rebase(ca) }) };
  }
  if (isRecord(value.store)) rebased.store = rebaseStore(value.store, rebase);
  if (isRecord(value.cluster)) {
    const { state, secret } = value.cluster;
    rebased.cluster = {
      ...value.cluster,
      ...(state !== undefined && { state: rebase(state) }),
      ...(secret !== undefined && { secret: rebaseFile(secret, rebase) }),
    };
  }
  const rebaseModule = (module: unknown): unknown => {
    if (typeof module !== 'string' || !/^\.\.?\//.test(module)) return module;
    const path = String(rebase(module));
    return path.startsWith('../') ? path : `./${path}`;
  };
  if (Array.isArray(value.plugins)) rebased.plugins = value.plugins.map(rebaseModule);
  if (isRecord(value.tracing) && value.tracing.sdk !== undefined) {
    rebased.tracing = { ...value.tracing, sdk: rebaseModule(value.tracing.sdk) };
  }
  return rebased;
}

function rebaseStore(store: Readonly<Record<string, unknown>>, rebase: (path: unknown) => unknown): unknown {
  const rebased = { ...store };
  for (const key of ['password', 'token'] as const)
    if (store[key] !== undefined) rebased[key] = rebaseFile(store[key], rebase);
  if (isRecord(store.tls)) {
    const { servername, ...files } = store.tls;
    rebased.tls = { ...mapValues(files, rebase), ...(servername !== undefined && { servername }) };
  }
  return rebased;
}

function rebaseZone(zone: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(zone) || zone.file === undefined) return zone;
  const { file } = zone;
  return { ...zone, file: Array.isArray(file) ? file.map(rebase) : rebase(file) };
}

function rebaseService(service: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(service)) return service;
  const rebased = { ...service };
  if (isRecord(service.http) && isRecord(service.http.errorPages)) {
    rebased.http = { ...service.http, errorPages: mapValues(service.http.errorPages, rebase) };
  }
  if (service.auth !== undefined) {
    rebased.auth = Array.isArray(service.auth)
      ? service.auth.map((way: unknown) => rebaseFile(way, rebase))
      : rebaseFile(service.auth, rebase);
  }
  if (Array.isArray(service.access)) {
    rebased.access = service.access.map((rule: unknown) =>
      isRecord(rule) ? mapValues(rule, (conditions) => rebaseHosts(conditions, 'hosts', rebase)) : rule,
    );
  }
  if (service.fields !== undefined) rebased.fields = rebaseFields(service.fields, rebase);
  if (Array.isArray(service.routes)) {
    rebased.routes = service.routes.map((route: unknown) => (isRecord(route) ? rebaseRoute(route, rebase) : route));
  }
  return rebased;
}

/** The changes of fields that have values. */
const HAVE_VALUES: ReadonlySet<string> = new Set(['set', 'add', 'append']);

/** The files of values: `request[].set.NAME.file`. */
function rebaseFields(fields: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(fields)) return fields;
  const inValue = (value: unknown): unknown => rebaseFile(value, rebase);
  const inRule = (rule: unknown): unknown => {
    if (!isRecord(rule)) return rule;
    return mapValues(rule, (change, key) => {
      return isRecord(change) && HAVE_VALUES.has(key) ? mapValues(change, inValue) : change;
    });
  };
  return mapValues(fields, (rules) => (Array.isArray(rules) ? rules.map(inRule) : rules));
}

/** The files of fields of a route's own answer. */
function rebaseOwn(fields: unknown, rebase: (path: unknown) => unknown): { readonly fields?: unknown } {
  return isRecord(fields) ? { fields: mapValues(fields, (value) => rebaseFile(value, rebase)) } : {};
}

function rebaseFile(value: unknown, rebase: (path: unknown) => unknown): unknown {
  return isRecord(value) && value.file !== undefined ? { ...value, file: rebase(value.file) } : value;
}

function rebaseRoute(route: Readonly<Record<string, unknown>>, rebase: (path: unknown) => unknown): unknown {
  const { match, chainer, fields, respond } = route;
  return {
    ...route,
    ...(isRecord(match) && { match: rebaseHosts(match, 'host', rebase) }),
    ...(isRecord(chainer) && { chainer: rebaseChainer(chainer, rebase) }),
    ...(fields !== undefined && { fields: rebaseFields(fields, rebase) }),
    ...(isRecord(respond) && { respond: { ...respond, ...rebaseOwn(respond.fields, rebase) } }),
  };
}

/** The files of hosts in a condition. */
function rebaseHosts(conditions: unknown, key: string, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(conditions) || conditions[key] === undefined) return conditions;
  const rebaseHost = (host: unknown): unknown => (isRecord(host) ? rebaseZone(host, rebase) : host);
  const hosts = conditions[key];
  return { ...conditions, [key]: Array.isArray(hosts) ? hosts.map(rebaseHost) : rebaseHost(hosts) };
}

/** Its PAC file, the files of its TLS to servers, those of its servers, and those of chainers that are nested in it. */
function rebaseChainer(chainer: Readonly<Record<string, unknown>>, rebase: (path: unknown) => unknown): unknown {
  return mapValues(chainer, (option, key) => {
    if (key === 'tls') return rebaseTls(option, rebase);
    if (key === 'file' && chainer.type === 'pac') return rebase(option);
    if (key === 'sticky' || key === 'auth') return rebaseSecrets(option, rebase);
    if (key === 'servers' && Array.isArray(option)) return option.map((entry: unknown) => rebaseServers(entry, rebase));
    if (Array.isArray(option)) return option.map((one: unknown) => nestedIn(one, rebase));
    return nestedIn(option, rebase);
  });
}

/** An entry of the servers of a pool that names a file of them. */
function rebaseServers(entry: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(entry) || entry.file === undefined || (entry.type ?? 'file') !== 'file') return nestedIn(entry, rebase);
  return { ...entry, file: rebase(entry.file) };
}

function nestedIn(option: unknown, rebase: (path: unknown) => unknown): unknown {
  return isRecord(option) && typeof option.type === 'string' ? rebaseChainer(option, rebase) : option;
}

/** The files of passwords, tokens and secrets. */
function rebaseSecrets(option: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(option)) return option;
  return mapValues(option, (value, key) => {
    return ['passwordFile', 'tokenFile', 'secretFile'].includes(key) ? rebase(value) : value;
  });
}

function rebaseTls(tls: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(tls)) return tls;
  return mapValues(tls, (value, key) => {
    if (!['ca', 'crl', 'cert', 'key'].includes(key)) return value;
    return Array.isArray(value) ? value.map(rebase) : rebase(value);
  });
}

function rebaseListener(listener: unknown, rebase: (path: unknown) => unknown): unknown {
  if (!isRecord(listener) || !isRecord(listener.tls)) return listener;
  const each = (paths: unknown): unknown => (Array.isArray(paths) ? paths.map(rebase) : rebase(paths));
  const tls = { ...listener.tls };
  for (const key of ['ca', 'crl']) if (tls[key] !== undefined) tls[key] = each(tls[key]);
  if (Array.isArray(tls.certificates)) {
    tls.certificates = tls.certificates.map((item: unknown) => (isRecord(item) ? mapValues(item, rebase) : item));
  }
  return { ...listener, tls };
}

function mapValues(
  value: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]));
}
