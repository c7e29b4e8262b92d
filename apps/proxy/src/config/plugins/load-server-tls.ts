import type { PluginRegistry, ServerTlsSettings } from '@inband/core';
import type * as tls from '@inband/tls';
import { resolve } from 'node:path';
import type { PluginOptions } from './plugin-options.ts';
import type { PluginUse } from './plugin-uses.ts';
import { type ConfigPath, formatPath, type Problem } from '../problem/problem.ts';
import type { ConfigSource } from '../read/read-source.ts';

/** The TLS to servers of a chainer, with the paths of its files. */
export interface ServerTlsPaths {
  readonly settings: ServerTlsSettings;
  readonly ca: readonly string[] | undefined;
  readonly crl: readonly string[] | undefined;
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
}

/** The files that {@link ServerTlsPaths} name, read. */
export interface ServerTlsFiles {
  readonly trust: tls.TrustFiles | undefined;
  readonly identity: tls.CertificateFiles | undefined;
}

/** What TLS to servers needs, where a chainer has it. */
export interface LoadedServerTls {
  readonly module: typeof tls;
  /** By the place of the chainer. */
  readonly chainers: ReadonlyMap<string, ServerTlsPaths>;
  /** By {@link serverTlsKey}. */
  readonly files: ReadonlyMap<string, ServerTlsFiles>;
}

/** Identifies settings and files in {@link LoadedServerTls}. */
export function serverTlsKey(paths: ServerTlsPaths): string {
  return JSON.stringify(paths);
}

interface LoadingDeps {
  readonly options: PluginOptions;
  readonly registry: PluginRegistry;
  readonly baseDirectory: ConfigSource['baseDirectory'];
}

/** Reads the authorities and client certificates of all chainers with TLS to their servers. Nothing of TLS is loaded if none has. */
export async function loadServerTls(
  uses: readonly PluginUse[],
  { options, registry, baseDirectory }: LoadingDeps,
): Promise<{ readonly loaded: LoadedServerTls | undefined; readonly problems: readonly Problem[] }> {
  const wanted: Chainer[] = [];
  for (const { provides, type, path, place } of uses) {
    const plugin = provides === 'chainer' ? registry.chainer(type) : undefined;
    const settings = plugin?.serverTls && options.has(place) ? plugin.serverTls(options.get(place)) : undefined;
    if (settings !== undefined) wanted.push({ path, settings });
  }
  if (wanted.length === 0) return { loaded: undefined, problems: [] };
  const loading = new Loading(await import('@inband/tls'), baseDirectory);
  for (const { path, settings } of wanted) await loading.add(path, settings);
  const { module, chainers, files, problems } = loading;
  return { loaded: { module, chainers, files }, problems };
}

/** A chainer with TLS, and where its settings are. */
interface Chainer {
  readonly settings: ServerTlsSettings;
  readonly path: ConfigPath;
}

class Loading {
  readonly module: typeof tls;
  readonly chainers = new Map<string, ServerTlsPaths>();
  readonly files = new Map<string, ServerTlsFiles>();
  readonly problems: Problem[] = [];
  readonly #baseDirectory: string;

  constructor(module: typeof tls, baseDirectory: string) {
    this.module = module;
    this.#baseDirectory = baseDirectory;
  }

  async add(chainer: ConfigPath, settings: ServerTlsSettings): Promise<void> {
    const path = [...chainer, ...(settings.option ?? ['tls'])];
    const paths = this.#pathsOf(settings);
    const key = serverTlsKey(paths);
    const known = this.files.get(key) ?? (await this.#read(settings));
    this.files.set(key, known);
    this.chainers.set(formatPath(chainer), paths);
    this.problems.push(...weaknesses(settings, path), ...problemsOf(known, { settings, path }));
  }

  #pathsOf(settings: ServerTlsSettings): ServerTlsPaths {
    const { ca, crl, cert, key = cert } = settings;
    const identity = cert === undefined || key === undefined ? undefined : { cert: this.#at(cert), key: this.#at(key) };
    const at = (file: string): string => this.#at(file);
    return { settings, ca: ca?.map(at), crl: crl?.map(at), identity };
  }

  async #read({ ca = [], crl = [], cert, key = cert }: ServerTlsSettings): Promise<ServerTlsFiles> {
    const { CertificateFiles, TrustFiles } = this.module;
    const named = (name: string): tls.NamedFile => ({ name, path: this.#at(name) });
    return {
      trust:
        ca.length + crl.length === 0 ? undefined : await TrustFiles.read({ ca: ca.map(named), crl: crl.map(named) }),
      identity:
        cert === undefined || key === undefined
          ? undefined
          : await CertificateFiles.read([{ cert: named(cert), key: named(key), isForClient: true }]),
    };
  }

  #at(name: string): string {
    return resolve(this.#baseDirectory, name);
  }
}

/** Warns about servers that could be anybody. */
function weaknesses({ verify, pin, ca, crl }: ServerTlsSettings, path: ConfigPath): Problem[] {
  if (verify) return [];
  const problems: Problem[] = [];
  if (pin.length === 0) {
    const message =
      'servers are not verified, so that anybody on the way to them can read and change everything; name their authority in "ca", or their keys in "pin".';
    problems.push({ path: [...path, 'verify'], warning: true, message });
  }
  for (const [key, value] of Object.entries({ ca, crl })) {
    if (value === undefined) continue;
    const message = 'this has no effect with "verify: false".';
    problems.push({ path: [...path, key], at: 'key', warning: true, message });
  }
  return problems;
}

function problemsOf({ trust, identity }: ServerTlsFiles, { settings, path }: Chainer): Problem[] {
  const problems = (identity?.problems ?? []).map(({ message, severity }): Problem => {
    return { path: [...path, 'cert'], message, warning: severity !== 'unusable' };
  });
  if (trust?.problem !== undefined) {
    problems.unshift({ path: [...path, keyOfFile(trust.problem, settings)], message: trust.problem });
  }
  if ((trust?.current.nextUpdate ?? Infinity) < Date.now()) {
    const message = 'a list of revoked certificates is out of date, so that no server is accepted.';
    problems.push({ path: [...path, 'crl'], message, warning: true });
  }
  return problems;
}

/** The key that names the file of a problem, which begins with it. */
function keyOfFile(problem: string, { crl = [] }: ServerTlsSettings): 'ca' | 'crl' {
  return crl.some((name) => problem.startsWith(`${name}:`)) ? 'crl' : 'ca';
}
