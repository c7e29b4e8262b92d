import { dirname } from 'node:path';
import { CertificateFolder } from './certificate-folder.ts';
import { FollowedPair, type NamedFile, validityProblem } from './followed-pair.ts';
import type { ServerCertificate } from '../server-certificate.ts';

/** An item of `certificates`, or the certificate that is shown to servers (`isForClient`). */
export type CertificateEntry =
  | { readonly cert: NamedFile; readonly key: NamedFile; readonly isForClient?: boolean }
  | { readonly dir: NamedFile };

/** Something wrong with a certificate, its key or a folder. */
export interface FileProblem {
  /** The index of the entry. */
  readonly entry: number;
  /** A sentence with the name of the file. */
  readonly message: string;
  /**
   * `unusable`: nothing of an entry can be used. `expired`: clients will not accept it. `warning`: it works, or it is one of many in a
   * folder.
   */
  readonly severity: 'unusable' | 'expired' | 'warning';
}

/** What has become of a pair. */
export type PairChange =
  | { readonly change: 'added' | 'replaced' | 'removed'; readonly certificate: ServerCertificate }
  | { readonly change: 'kept'; readonly problem: string; readonly used: ServerCertificate | undefined };

interface Part {
  readonly folder: CertificateFolder | undefined;
  readonly pairs: () => readonly FollowedPair[];
}

/** The certificates of a list of entries, from their files. */
export class CertificateFiles {
  readonly #parts: readonly Part[];
  readonly #now: () => number;
  /** Problems of folders that were told. */
  #told: readonly (string | undefined)[] = [];

  private constructor(entries: readonly CertificateEntry[], now: () => number) {
    this.#parts = entries.map(partOf);
    this.#now = now;
  }

  /** Reads all of them; what cannot be read is among `problems`. Calls `onRead` after each, because many take a while. */
  static async read(
    entries: readonly CertificateEntry[],
    now: () => number = Date.now,
    onRead: () => void = () => undefined,
  ): Promise<CertificateFiles> {
    const files = new CertificateFiles(entries, now);
    for (const { folder, pairs } of files.#parts) {
      await folder?.list();
      await atOnce(pairs(), (pair) => pair.begin(now()).then(onRead));
    }
    files.#told = files.#folderProblems;
    return files;
  }

  /** In the order of the entries; of a folder the one that expires last comes first. */
  get certificates(): readonly ServerCertificate[] {
    return this.#parts.flatMap(({ pairs }) => {
      const used = pairs().flatMap(({ current }) => (current === undefined ? [] : [current]));
      return used.toSorted((a, b) => b.notAfter - a.notAfter);
    });
  }

  /** The folders of all files. */
  get folders(): readonly string[] {
    return [
      ...new Set(
        this.#parts.flatMap(({ folder, pairs }) => {
          if (folder !== undefined) return folder.folders;
          return pairs().flatMap(({ certificate, key }) => [dirname(certificate.path), dirname(key.path)]);
        }),
      ),
    ];
  }

  get count(): number {
    return this.#parts.reduce((count, { pairs }) => count + pairs().length, 0);
  }

  /** What is wrong now. */
  get problems(): FileProblem[] {
    return this.#parts.flatMap((part, entry) => problemsOf(part, entry, this.#now()));
  }

  get #folderProblems(): (string | undefined)[] {
    return this.#parts.map(({ folder }) => folder?.problem);
  }

  /** Looks at all files. Never rejects. */
  async look(): Promise<{ readonly changes: readonly PairChange[]; readonly isSettled: boolean }> {
    const changes: PairChange[] = [];
    let isSettled = true;
    for (const { folder, pairs } of this.#parts) {
      const listed = await folder?.list();
      if (listed?.isSettled === false) isSettled = false;
      for (const { current } of listed?.gone ?? []) {
        if (current !== undefined) changes.push({ change: 'removed', certificate: current });
      }
      for (const pair of pairs()) {
        const change = await lookAt(pair, this.#now());
        if (change === 'unsettled') isSettled = false;
        else if (change !== undefined) changes.push(change);
      }
    }
    const problems = this.#folderProblems;
    for (const [index, problem] of problems.entries()) {
      if (problem !== undefined && problem !== this.#told[index])
        changes.push({ change: 'kept', problem, used: undefined });
    }
    this.#told = problems;
    return { changes, isSettled };
  }
}

/** Pairs that are read at once: a disk and the threads that read from it do several things at a time. */
const AT_ONCE = 8;

async function atOnce<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const one = async (): Promise<void> => {
    for (const item of rest) await act(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

function partOf(entry: CertificateEntry): Part {
  if ('dir' in entry) {
    const folder = new CertificateFolder(entry.dir);
    return { folder, pairs: () => folder.pairs };
  }
  const pairs = [new FollowedPair(entry.cert, entry.key, entry.isForClient)];
  return { folder: undefined, pairs: () => pairs };
}

async function lookAt(pair: FollowedPair, now: number): Promise<PairChange | 'unsettled' | undefined> {
  const before = pair.current;
  const look = await pair.look(now);
  const { current, problem } = pair;
  if (look === 'unsettled') return look;
  if (look === 'kept' && problem !== undefined) return { change: 'kept', problem, used: current };
  if (look !== 'replaced' || current === undefined) return undefined;
  return { change: before === undefined ? 'added' : 'replaced', certificate: current };
}

function problemsOf({ folder, pairs }: Part, entry: number, now: number): FileProblem[] {
  const warn = (message: string): FileProblem => ({ entry, message, severity: 'warning' });
  const found = pairs().flatMap((pair) => problemsOfPair(pair, entry, folder === undefined, now));
  if (folder === undefined) return found;
  const { problem, lonelyKeys } = folder;
  const lonely = lonelyKeys.map((key) => warn(`${key}: there is no certificate beside this key.`));
  if (problem === undefined && pairs().length === 0)
    found.push(warn(`${folder.name}: no certificate is in the folder.`));
  if (problem === undefined) return [...found, ...lonely];
  return [{ entry, message: problem, severity: pairs().length === 0 ? 'unusable' : 'warning' }, ...found, ...lonely];
}

function problemsOfPair(pair: FollowedPair, entry: number, isListed: boolean, now: number): FileProblem[] {
  const { current, problem, openKey } = pair;
  const problems: FileProblem[] = [];
  if (problem !== undefined) {
    problems.push({ entry, message: problem, severity: isListed && current === undefined ? 'unusable' : 'warning' });
  }
  const validity = current && validityProblem(current, now);
  if (current !== undefined && validity !== undefined) {
    problems.push({ entry, message: validity, severity: current.notAfter <= now ? 'expired' : 'warning' });
  }
  if (current?.chainProblem !== undefined) problems.push({ entry, message: current.chainProblem, severity: 'warning' });
  if (openKey !== undefined) {
    const message = `${openKey.name}: everybody on this machine may read the private key; "chmod o= ${openKey.name}" changes that.`;
    problems.push({ entry, message, severity: 'warning' });
  }
  return problems;
}
