import { parseParentUrl, ParentWays, type ParentUrl, type ParentWaysDeps } from '@inband/chainers';
import type { Chainer, MaybePromise, ServerTls } from '@inband/core';
import type { FilterParents } from '@inband/http-proxy';
import { hash } from 'node:crypto';

export interface ParentsByUrlDeps extends Omit<ParentWaysDeps, 'serverTls'> {
  /** Makes TLS to parents, when one is asked over it for the first time. */
  readonly loadTls: () => Promise<ServerTls>;
}

/** The parents that the filters of a service choose. The latest thousand are kept, with what is known of them. */
export class ParentsByUrl implements FilterParents {
  readonly #deps: ParentsByUrlDeps;
  #plain: ParentWays | undefined = undefined;
  #secure: Promise<ParentWays> | undefined = undefined;

  constructor(deps: ParentsByUrlDeps) {
    this.#deps = deps;
  }

  chainerFor(url: string): MaybePromise<Chainer> {
    const parent = parseParentUrl(url);
    if (parent.protocol !== 'https') return chainerOf((this.#plain ??= new ParentWays({}, this.#deps)), url, parent);
    this.#secure ??= this.#deps
      .loadTls()
      .then((serverTls) => new ParentWays({ tls: true }, { ...this.#deps, serverTls }));
    return this.#secure.then((ways) => chainerOf(ways, url, parent));
  }

  close(): void {
    this.#plain?.close();
    // Whoever asked for it has been told why it failed.
    this.#secure?.then(
      (ways) => ways.close(),
      () => undefined,
    );
  }
}

function chainerOf(ways: ParentWays, url: string, { protocol, server, resolve, user, password }: ParentUrl): Chainer {
  const auth = user === undefined ? undefined : { user, password };
  // The URL may have a password in it.
  return ways.parent({ key: hash('sha256', url), protocol, server, resolve, auth }).chainer;
}
