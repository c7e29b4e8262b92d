import type { ConnectionLayer, ServerTls } from '@inband/core';
import type { FollowedCertificates, FollowedTrust, ServerLayers } from '@inband/tls';

/** TLS to servers, with its files as they are now, until it is closed. */
export class FollowedServerTls implements ServerTls {
  readonly #layers: ServerLayers;
  readonly #files: readonly (FollowedTrust | FollowedCertificates)[];

  constructor(layers: ServerLayers, files: readonly (FollowedTrust | FollowedCertificates)[]) {
    this.#layers = layers;
    this.#files = files;
    for (const each of files) each.start();
  }

  layerFor(name: string): ConnectionLayer {
    return this.#layers.layerFor(name);
  }

  /** Has the files looked at soon. */
  ask(): void {
    for (const each of this.#files) each.ask();
  }

  close(): void {
    for (const each of this.#files) each.close();
    this.#layers.close();
  }
}
