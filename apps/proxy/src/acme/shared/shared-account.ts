import { accountSchema, type KeptAccount, openAccount, type OpenedAccount, type StateFolder } from '@inband/acme';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import type { AcmeNames } from './acme-names.ts';
import type { Asking } from './shared-lock.ts';

export interface SharedAccountDeps {
  readonly values: SealedValues;
  readonly names: AcmeNames;
  readonly folder: StateFolder;
  readonly ask: Asking;
}

/** The account at the CA that all members have. Each has a copy in its state folder; the first one that asks gives its own to the store. */
export class SharedAccount {
  readonly #deps: SharedAccountDeps;

  constructor(deps: SharedAccountDeps) {
    this.#deps = deps;
  }

  async open(): Promise<OpenedAccount> {
    const { ask } = this.#deps;
    const kept = await ask(() => this.#shared());
    await this.#copy(kept);
    const save = (url: string | undefined, email: string | undefined): Promise<void> =>
      ask(() => this.#save({ key: kept.key, url, email }));
    return openAccount(kept, save);
  }

  async #shared(): Promise<KeptAccount> {
    const { values, names, folder } = this.#deps;
    const own = await folder.keptAccount();
    const kept = await values.change(names.account, accountSchema, (there) => (there === undefined ? own : undefined));
    return kept ?? own;
  }

  async #save(account: KeptAccount): Promise<void> {
    const { values, names } = this.#deps;
    await values.change(names.account, accountSchema, (there) =>
      there === undefined || there.key === account.key ? account : undefined,
    );
    await this.#copy(account);
  }

  async #copy(account: KeptAccount): Promise<void> {
    const { folder } = this.#deps;
    const own = await folder.keptAccount();
    if (own.key !== account.key || own.url !== account.url || own.email !== account.email)
      await folder.saveAccount(account);
  }
}
