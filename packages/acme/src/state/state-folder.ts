import { createFile, isCode, removeAbandoned, replaceFile } from '@inband/files';
import { createHash, createPrivateKey } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccountStore } from '../client/account.ts';
import { AccountKey } from '../client/account-key.ts';
import type { AcmeLog } from '../base/log.ts';
import { keyToPem, newKey } from '../x509/ec-keys.ts';
import { type IssuedCertificate, readIssued } from '../x509/issued-certificate.ts';
import {
  accountSchema,
  type AcmeStorage,
  type CertificateLock,
  type KeptAccount,
  type OpenedAccount,
  type Progress,
  progressSchema,
  type RenewalNote,
  renewalNoteSchema,
} from './acme-storage.ts';
import { tryLock } from './lock-file.ts';

/**
 * What is kept of one CA, in a folder of its own within the state folder: the account, the certificates (a file of PEM for each, with key
 * and chain, so that they cannot differ), orders that are under way, and when the CA wants certificates to be renewed. Files are 0600, folders 0700.
 */
export class StateFolder implements AcmeStorage {
  readonly #folder: string;
  readonly #log: AcmeLog;
  /** What was logged last about each file. */
  readonly #said = new Map<string, string>();

  private constructor(folder: string, log: AcmeLog) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Makes what is missing. Rejects if it cannot be written, or the account cannot be read. */
  static async open(state: string, directory: string, log: AcmeLog): Promise<StateFolder> {
    const hash = createHash('sha256').update(directory).digest('hex').slice(0, 8);
    const host = new URL(directory).hostname.replaceAll(/[^a-z0-9.-]/gu, '_');
    const folder = join(state, `${host}-${hash}`);
    const inner = ['certificates', 'orders', 'renewals'].map((each) => join(folder, each));
    for (const each of inner) await mkdir(each, { recursive: true, mode: 0o700 });
    const opened = new StateFolder(folder, log);
    for (const each of [folder, ...inner]) await removeAbandoned(each);
    await opened.account();
    return opened;
  }

  async account(): Promise<OpenedAccount> {
    const kept = await this.keptAccount();
    const save = (url: string | undefined, email: string | undefined): Promise<void> =>
      this.saveAccount({ key: kept.key, url, email });
    return openAccount(kept, save);
  }

  /** The account as it is in the folder, with a new key if there is none. */
  async keptAccount(): Promise<KeptAccount> {
    const path = this.#account();
    await createFileIfMissing(path, () => JSON.stringify({ key: keyToPem(newKey()) }));
    return accountSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  }

  async saveAccount(account: KeptAccount): Promise<void> {
    await replaceFile(this.#account(), JSON.stringify(account));
  }

  async names(): Promise<string[]> {
    const files = await readdir(join(this.#folder, 'certificates'));
    return files.filter((file) => file.endsWith('.pem') && !file.startsWith('.')).map((file) => file.slice(0, -4));
  }

  async certificate(name: string): Promise<IssuedCertificate | undefined> {
    const file = this.#certificate(name);
    try {
      return readIssued(await readFile(file, 'utf8'));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      this.#warn(file, error, 'acme: a certificate of the state folder cannot be used');
      return undefined;
    }
  }

  async saveCertificate(name: string, { key, certificate }: IssuedCertificate): Promise<void> {
    await replaceFile(this.#certificate(name), key + certificate);
  }

  async remove(name: string): Promise<void> {
    await rm(this.#certificate(name), { force: true });
    await rm(this.#order(name), { force: true });
    await rm(this.#renewal(name), { force: true });
  }

  async renewal(name: string): Promise<RenewalNote | undefined> {
    const file = this.#renewal(name);
    try {
      return renewalNoteSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      if (!isCode(error, 'ENOENT'))
        this.#warn(file, error, 'acme: renewal information of the state folder cannot be read; the CA is asked again');
      return undefined;
    }
  }

  async saveRenewal(name: string, note: RenewalNote): Promise<void> {
    await replaceFile(this.#renewal(name), JSON.stringify(note));
  }

  async progress(name: string): Promise<Progress | undefined> {
    const file = this.#order(name);
    try {
      return progressSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return undefined;
      this.#warn(file, error, 'acme: an order of the state folder cannot be read; it begins anew');
      return undefined;
    }
  }

  async saveProgress(name: string, progress: Progress): Promise<void> {
    await replaceFile(this.#order(name), JSON.stringify(progress));
  }

  async removeProgress(name: string): Promise<void> {
    await rm(this.#order(name), { force: true });
  }

  async lock(name: string): Promise<CertificateLock | undefined> {
    const lock = await tryLock(join(this.#folder, 'orders', `${name}.lock`));
    if (lock === undefined) return undefined;
    return {
      // Whoever finds it abandoned has waited for longer than anybody works without a sign of life.
      lost: new AbortController().signal,
      certificate: () => this.certificate(name),
      progress: () => this.progress(name),
      saveCertificate: (issued) => this.saveCertificate(name, issued),
      saveProgress: (progress) => this.saveProgress(name, progress),
      removeProgress: () => this.removeProgress(name),
      release: () => lock.release().catch((error: unknown) => this.#warn(name, error, 'acme: a lock was not released')),
    };
  }

  #warn(file: string, error: unknown, message: string): void {
    const reason = String(error);
    if (this.#said.get(file) === reason) return;
    this.#said.set(file, reason);
    this.#log.warn({ file, reason }, message);
  }

  #account(): string {
    return join(this.#folder, 'account.json');
  }

  #certificate(name: string): string {
    return join(this.#folder, 'certificates', `${name}.pem`);
  }

  #renewal(name: string): string {
    return join(this.#folder, 'renewals', `${name}.json`);
  }

  #order(name: string): string {
    return join(this.#folder, 'orders', `${name}.json`);
  }
}

/** Makes an account usable. `save` keeps what the CA says of it. */
export async function openAccount(kept: KeptAccount, save: AccountStore['save']): Promise<OpenedAccount> {
  const key = await AccountKey.of(createPrivateKey(kept.key));
  return { key, store: new OwnAccount(kept, save) };
}

class OwnAccount implements AccountStore {
  readonly #save: AccountStore['save'];
  url: string | undefined;
  email: string | undefined;

  constructor({ url, email }: KeptAccount, save: AccountStore['save']) {
    this.#save = save;
    this.url = url;
    this.email = email;
  }

  async save(url: string | undefined, email: string | undefined): Promise<void> {
    this.url = url;
    this.email = email;
    await this.#save(url, email);
  }
}

/** Where two processes begin at once, both use what the first one wrote. */
async function createFileIfMissing(path: string, text: () => string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    await createFile(path, text());
  }
}
