import type { PushedFiles } from '../../../config/read/config-files.ts';
import { ContentProblem, type Seal, unpack } from './content.ts';
import type { Content, Version } from './records.ts';
import type { StoredConfig } from './stored-config.ts';

/** The contents of versions that a member has by itself, so that it needs no store for them. */
export class KeptContents {
  readonly #stored: StoredConfig;
  readonly #seal: Seal | undefined;
  /** By their ids. */
  #contents: ReadonlyMap<string, Content>;

  /** `seal`: undefined without `cluster.secret`. */
  constructor(stored: StoredConfig, seal: Seal | undefined, contents: readonly Content[]) {
    this.#stored = stored;
    this.#seal = seal;
    this.#contents = new Map(contents.map((content) => [content.id, content]));
  }

  get all(): readonly Content[] {
    return [...this.#contents.values()];
  }

  /** What is kept. */
  get({ id }: Version): Content | undefined {
    return this.#contents.get(id);
  }

  /** What is kept, or is in the store, and is kept from then on. */
  async fetch(version: Version): Promise<Content | undefined> {
    const known = this.get(version);
    if (known !== undefined) return known;
    const content = await this.#stored.content(version);
    if (content !== undefined) this.#contents = new Map([...this.#contents, [content.id, content]]);
    return content;
  }

  /** The files of a version. Rejects if they are gone. */
  async filesOf(version: Version): Promise<PushedFiles> {
    const content = await this.fetch(version);
    if (content === undefined)
      throw new ContentProblem(`the content of version ${version.number} is not in the store any more.`);
    return { name: `version ${version.number}`, ...(await unpack(content, this.#seal)) };
  }

  keepOnly(ids: ReadonlySet<string>): void {
    this.#contents = new Map([...this.#contents].filter(([id]) => ids.has(id)));
  }
}
