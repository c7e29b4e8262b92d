import type { Connection, ConnectionLayer, LayeredConnection, Session } from '@inband/core';

/** Layers over one another, the one next to the transport first. Undefined for none. */
export function composeLayers(...layers: readonly (ConnectionLayer | undefined)[]): ConnectionLayer | undefined {
  const all = layers.filter((layer) => layer !== undefined);
  return all.length <= 1 ? all[0] : new ComposedLayer(all);
}

class ComposedLayer implements ConnectionLayer {
  readonly #layers: readonly ConnectionLayer[];

  constructor(layers: readonly ConnectionLayer[]) {
    this.#layers = layers;
  }

  get id(): string {
    return this.#layers.map(({ id }) => id).join(' over ');
  }

  get verifies(): ConnectionLayer['verifies'] {
    return this.#layers.findLast(({ verifies }) => verifies !== undefined)?.verifies;
  }

  /** Each destroys what it could not take over. */
  async wrap(connection: Connection, session: Session): Promise<LayeredConnection> {
    let layered: LayeredConnection = connection;
    for (const layer of this.#layers) layered = await layer.wrap(layered, session);
    return layered;
  }
}
