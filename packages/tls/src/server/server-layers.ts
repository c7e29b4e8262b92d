import { BoundedMemo, type ConnectionLayer, type ServerTls } from '@inband/core';
import { LayerContext, type LayerContextOptions } from './layer-context.ts';
import { referenceName } from './server-identity.ts';
import { ServerLayer } from './server-layer.ts';

/** Names whose layer is remembered. With more, some are made again. */
const MOST_NAMES = 1_000;

/** TLS to the servers of all chainers with the same settings. */
export class ServerLayers implements ServerTls {
  readonly #context: LayerContext;
  readonly #layers = new BoundedMemo<string, ServerLayer>(MOST_NAMES);

  constructor(options: LayerContextOptions) {
    this.#context = new LayerContext(options);
  }

  layerFor(name: string): ConnectionLayer {
    const reference = this.#context.settings.servername ?? referenceName(name);
    const known = this.#layers.get(reference);
    if (known !== undefined) return known;
    const layer = new ServerLayer(this.#context, reference);
    this.#layers.set(reference, layer);
    return layer;
  }

  /** Connections that it has made go on. */
  close(): void {
    this.#context.close();
  }
}
