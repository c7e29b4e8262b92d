import type { SessionRecord, Transport } from '@inband/core';
import { createInband } from 'inband';
import { SoakClient, type Tally } from './soak-client.ts';
import { SoakOrigin } from './soak-origin.ts';

export interface SoakResult extends Tally {
  readonly seconds: number;
  /** Connections made to the origin: the others were reused. */
  readonly serverConnections: number;
  readonly reused: number;
  /** Sessions whose log line has `repaired`. */
  readonly repaired: number;
}

const CLIENTS = 64;

/**
 * Has clients ask a proxy on real sockets, over connections that are kept on both sides, an origin that answers in all
 * regular and mended forms, leaves stray answers behind and breaks off; counts what is not as it should be.
 */
export async function soak(exchanges: number, transport: Transport, seed = 1): Promise<SoakResult> {
  const origin = new SoakOrigin();
  const port = await origin.listen();
  let repaired = 0;
  let reused = 0;
  const onSession = (record: SessionRecord): void => {
    if (record.repaired !== undefined) repaired += 1;
    if (record.reused) reused += 1;
  };
  const routes = [{ chainer: { type: 'directed' as const, remote: `127.0.0.1:${port}` } }];
  const inband = await createInband(
    { listeners: [{ bind: '127.0.0.1:0', service: 'soak' }], services: { soak: { mode: 'reverse', routes } } },
    { transport, onSession },
  );
  const { address } = inband.listeners[0]!;
  if (address.family === 'unix') throw new Error('The proxy listens where nobody told it to.');
  const tally: Tally = { exchanges: 0, regular: 0, mended: 0, refused: 0, crossTalk: [], problems: [] };
  const random = numbers(seed);
  const begun = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => {
      const client = new SoakClient(address.port, random, tally);
      while (next < exchanges) await client.exchange(`c${index}n${next++}`);
      client.close();
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  await inband.close({ grace: 0 });
  await origin.close();
  tally.problems.push(...origin.problems);
  return { ...tally, seconds, serverConnections: origin.connections, reused, repaired };
}

/** Numbers from 0 to below 1, the same ones for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
