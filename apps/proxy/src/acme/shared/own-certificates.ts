import type { IssuedCertificate, StateFolder } from '@inband/acme';
import type { Dated } from './certificate-index.ts';

/** The certificates that this member has itself, in its state folder: with them it serves after a start without the store. */
export class OwnCertificates {
  readonly #folder: StateFolder;
  readonly #dates = new Map<string, Dated>();

  private constructor(folder: StateFolder) {
    this.#folder = folder;
  }

  static async open(folder: StateFolder): Promise<OwnCertificates> {
    const opened = new OwnCertificates(folder);
    for (const name of await folder.names()) {
      const issued = await folder.certificate(name);
      if (issued !== undefined) opened.#dates.set(name, issued);
    }
    return opened;
  }

  get isEmpty(): boolean {
    return this.#dates.size === 0;
  }

  get names(): string[] {
    return [...this.#dates.keys()];
  }

  /** The dates of the certificate of this name, if this member has one. */
  date(name: string): Dated | undefined {
    return this.#dates.get(name);
  }

  /** The certificate itself, with its key. */
  read(name: string): Promise<IssuedCertificate | undefined> {
    return this.#folder.certificate(name);
  }

  async keep(name: string, issued: IssuedCertificate): Promise<void> {
    this.#dates.set(name, issued);
    await this.#folder.saveCertificate(name, issued);
  }

  /** Resolves with of when it was. */
  async remove(name: string): Promise<Dated | undefined> {
    const date = this.#dates.get(name);
    this.#dates.delete(name);
    await this.#folder.remove(name);
    return date;
  }
}
