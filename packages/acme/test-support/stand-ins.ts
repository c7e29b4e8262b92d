import type { AccountStore } from '../src/client/account.ts';
import { AccountKey } from '../src/client/account-key.ts';
import { newKey } from '../src/x509/ec-keys.ts';

/** An account in memory. */
export class MemoryAccount implements AccountStore {
  url: string | undefined = undefined;
  email: string | undefined = undefined;

  async save(url: string | undefined, email: string | undefined): Promise<void> {
    this.url = url;
    this.email = email;
  }
}

export async function newAccountKey(): Promise<AccountKey> {
  return await AccountKey.of(newKey());
}

/** A log that keeps its lines. */
export class LinesLog {
  readonly lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  readonly debug = this.#level('debug');
  readonly info = this.#level('info');
  readonly warn = this.#level('warn');
  readonly error = this.#level('error');

  #level(level: string) {
    return (fields: object, message: string): void => void this.lines.push({ level, fields: { ...fields }, message });
  }
}
