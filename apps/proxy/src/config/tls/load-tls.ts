import type * as tls from '@inband/tls';
import { resolve } from 'node:path';
import { isRecord, type ConfigPath, type Problem } from '../problem/problem.ts';
import { coalescingProblems } from './coalescing.ts';
import { listProblems } from './openssl-lists.ts';
import type { ConfigSource } from '../read/read-source.ts';

/** The files of a listener's certificates, by their paths. */
export interface CertificatePaths {
  readonly entries: readonly ({ readonly cert: string; readonly key: string } | { readonly dir: string })[];
}

/** The files of a listener's authorities, by their paths. */
export interface TrustPaths {
  readonly ca: readonly string[];
  readonly crl: readonly string[];
}

/** What TLS needs, where a listener has it. */
export interface LoadedTls {
  readonly module: typeof tls;
  /** By the index of the listener. */
  readonly listeners: ReadonlyMap<number, { readonly certificates: CertificatePaths; readonly trust: TrustPaths }>;
  /** The files, read: by {@link keyOf} of their paths. */
  readonly certificates: ReadonlyMap<string, tls.CertificateFiles>;
  readonly trust: ReadonlyMap<string, tls.TrustFiles>;
  /** Certificates that have expired, which only "inband check" takes for an error. */
  readonly expired: readonly Problem[];
}

/** Identifies files in {@link LoadedTls}. */
export function keyOf(paths: CertificatePaths | TrustPaths): string {
  return JSON.stringify(paths);
}

interface Options {
  /**
   * Whether what cannot be used is an error. Not in a worker that starts again: then the others serve with the version before, and it
   * must not stay away because of a file.
   */
  readonly isStrict: boolean;
  /** Called when a certificate was read. */
  readonly onProgress?: (() => void) | undefined;
}

/**
 * Reads the certificates and authorities of all listeners; nothing of TLS is loaded if none has `tls`. `config` is not validated
 * yet; values of the wrong type are skipped, because the schema reports them.
 */
export async function loadTls(
  { listeners, acme }: Readonly<Record<string, unknown>>,
  { baseDirectory }: Pick<ConfigSource, 'baseDirectory'>,
  options: Options,
): Promise<{ readonly loaded: LoadedTls | undefined; readonly problems: readonly Problem[] }> {
  const written = (Array.isArray(listeners) ? listeners : []).map((each: unknown) =>
    isRecord(each) ? each.tls : each,
  );
  if (!written.some(isRecord)) return { loaded: undefined, problems: [] };
  const module = await import('@inband/tls');
  const loading = new Loading(module, baseDirectory, { ...options, hasOthers: acme !== undefined });
  for (const [index, each] of written.entries()) if (isRecord(each)) await loading.add(index, each);
  const { certificates, trust, problems, expired } = loading;
  return { loaded: { module, listeners: loading.listeners, certificates, trust, expired }, problems };
}

class Loading {
  readonly listeners = new Map<number, { certificates: CertificatePaths; trust: TrustPaths }>();
  readonly certificates = new Map<string, tls.CertificateFiles>();
  readonly trust = new Map<string, tls.TrustFiles>();
  readonly problems: Problem[] = [];
  readonly expired: Problem[] = [];
  readonly #module: typeof tls;
  readonly #baseDirectory: string;
  readonly #isStrict: boolean;
  readonly #onProgress: (() => void) | undefined;
  /** Whether there will be certificates that are in no file yet. */
  readonly #hasOthers: boolean;

  constructor(
    module: typeof tls,
    baseDirectory: string,
    { isStrict, onProgress, hasOthers }: Options & { readonly hasOthers: boolean },
  ) {
    this.#module = module;
    this.#baseDirectory = baseDirectory;
    this.#isStrict = isStrict;
    this.#onProgress = onProgress;
    this.#hasOthers = hasOthers;
  }

  async add(listener: number, written: Record<string, unknown>): Promise<void> {
    const path = ['listeners', listener, 'tls'];
    const certificates = await this.#addCertificates(written.certificates, [...path, 'certificates']);
    const known = this.certificates.get(keyOf(certificates))?.certificates ?? [];
    if (!this.#hasOthers) this.#checkNames(written, known, path);
    this.problems.push(...coalescingProblems(written.match, known, path));
    for (const problem of listProblems(this.#module.nodeImplementation, written, path)) {
      this.problems.push({ ...problem, warning: !this.#isStrict });
    }
    const trust = await this.#addTrust(written, path);
    this.listeners.set(listener, { certificates, trust });
  }

  /** A listener without a certificate refuses every client, and a default that nothing has is none. */
  #checkNames(
    { certificates: items, defaultCertificate }: Record<string, unknown>,
    certificates: readonly tls.ServerCertificate[],
    path: ConfigPath,
  ): void {
    if (items === undefined || (Array.isArray(items) && items.length === 0)) {
      const message = 'a listener with TLS needs a certificate: "certificates" with "cert" and "key", or with "dir".';
      this.problems.push({ path, message });
    } else if (typeof defaultCertificate === 'string') {
      if (certificates.some((each) => this.#module.coversHost(each, defaultCertificate))) return;
      const message = `no certificate of this listener is one for "${defaultCertificate}".`;
      this.problems.push({ path: [...path, 'defaultCertificate'], message, warning: !this.#isStrict });
    }
  }

  async #addCertificates(written: unknown, path: ConfigPath): Promise<CertificatePaths> {
    // Certificates that the schema refuses have no files, but their place counts.
    const items = (Array.isArray(written) ? written : []).map((item: unknown) => this.#entryOf(item));
    const places = [...items.keys()].filter((index) => items[index] !== undefined);
    const entries = items.filter((item) => item !== undefined);
    const paths = { entries: entries.map(pathsOf) };
    const key = keyOf(paths);
    const files =
      this.certificates.get(key) ?? (await this.#module.CertificateFiles.read(entries, Date.now, this.#onProgress));
    this.certificates.set(key, files);
    for (const { entry, message, severity } of files.problems) {
      const at = { path: [...path, places[entry] ?? 0], message };
      if (severity === 'expired') this.expired.push(at);
      this.problems.push({ ...at, warning: severity !== 'unusable' || !this.#isStrict });
    }
    return paths;
  }

  async #addTrust(written: Record<string, unknown>, path: ConfigPath): Promise<TrustPaths> {
    if (written.crl !== undefined && written.ca === undefined) {
      const message =
        'lists of revoked certificates are of no use without "ca", which says whose certificates are accepted.';
      this.problems.push({ path: [...path, 'crl'], message });
    }
    const entries = { ca: this.#filesOf(written.ca), crl: this.#filesOf(written.crl) };
    const paths = { ca: entries.ca.map(({ path: ca }) => ca), crl: entries.crl.map(({ path: crl }) => crl) };
    const key = keyOf(paths);
    const files = this.trust.get(key) ?? (await this.#module.TrustFiles.read(entries));
    this.trust.set(key, files);
    const { problem, current } = files;
    const at = problem !== undefined && entries.crl.some(({ name }) => problem.startsWith(`${name}:`)) ? 'crl' : 'ca';
    if (problem !== undefined) this.problems.push({ path: [...path, at], message: problem, warning: !this.#isStrict });
    if ((current.nextUpdate ?? Infinity) < Date.now()) {
      const message = 'a list of revoked certificates is out of date, so that no certificate of a client is accepted.';
      this.problems.push({ path: [...path, 'crl'], message, warning: true });
    }
    return paths;
  }

  #filesOf(written: unknown): tls.NamedFile[] {
    return (Array.isArray(written) ? (written as unknown[]) : [written])
      .filter((name) => typeof name === 'string' && name !== '')
      .map((name) => this.#named(String(name)));
  }

  #entryOf(written: unknown): tls.CertificateEntry | undefined {
    if (!isRecord(written)) return undefined;
    const { cert, key = cert, dir } = written;
    if (typeof dir === 'string' && dir !== '') return { dir: this.#named(dir) };
    if (typeof cert !== 'string' || typeof key !== 'string' || cert === '' || key === '') return undefined;
    return { cert: this.#named(cert), key: this.#named(key) };
  }

  #named(name: string): tls.NamedFile {
    return { name, path: resolve(this.#baseDirectory, name) };
  }
}

function pathsOf(entry: tls.CertificateEntry): CertificatePaths['entries'][number] {
  return 'dir' in entry ? { dir: entry.dir.path } : { cert: entry.cert.path, key: entry.key.path };
}
