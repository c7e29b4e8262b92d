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
  const wanted = uses.flatMap(({ provides, type, path }) => {
    const place = formatPath(path);
    const plugin = provides === 'chainer' && options.has(place) ? registry.chainer(type) : undefined;
    const settings = plugin?.serverTls?.(options.get(place));
    return settings === undefined ? [] : [{ path, settings }];
  });
  if (wanted.length === 0) return { loaded: undefined, problems: [] };
  const loading = new Loading(await import('@inband/tls'), baseDirectory);
  for (const { path, settings } of wanted) await loading.add(path, settings);
  const { module, chainers, files, problems } = loading;
  return { loaded: { module, chainers, files }, problems };
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
    this.problems.push(...weaknesses(settings, path), ...problemsOf(known, path));
  }

  #pathsOf(settings: ServerTlsSettings): ServerTlsPaths {
    const { ca, cert, key = cert } = settings;
    const identity = cert === undefined || key === undefined ? undefined : { cert: this.#at(cert), key: this.#at(key) };
    return { settings, ca: ca?.map((file) => this.#at(file)), identity };
  }

  async #read({ ca, cert, key = cert }: ServerTlsSettings): Promise<ServerTlsFiles> {
    const { CertificateFiles, TrustFiles } = this.module;
    const named = (name: string): tls.NamedFile => ({ name, path: this.#at(name) });
    return {
      trust: ca && (await TrustFiles.read({ ca: ca.map(named), crl: [] })),
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
function weaknesses({ verify, pin, ca }: ServerTlsSettings, path: ConfigPath): Problem[] {
  if (verify) return [];
  const problems: Problem[] = [];
  if (pin.length === 0) {
    const message =
      'servers are not verified, so that anybody on the way to them can read and change everything; name their authority in "ca", or their keys in "pin".';
    problems.push({ path: [...path, 'verify'], warning: true, message });
  }
  if (ca !== undefined) {
    problems.push({
      path: [...path, 'ca'],
      at: 'key',
      warning: true,
      message: 'this has no effect with "verify: false".',
    });
  }
  return problems;
}

function problemsOf({ trust, identity }: ServerTlsFiles, path: ConfigPath): Problem[] {
  const ofIdentity = (identity?.problems ?? []).map(({ message, severity }): Problem => {
    return { path: [...path, 'cert'], message, warning: severity !== 'unusable' };
  });
  return trust?.problem === undefined ? ofIdentity : [{ path: [...path, 'ca'], message: trust.problem }, ...ofIdentity];
}
