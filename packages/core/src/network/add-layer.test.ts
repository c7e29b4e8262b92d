import { expect, test } from 'vitest';
import { establishingLab } from '../../test-support/establishing.ts';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import type { Connection } from '../base/connection.ts';
import { addLayer } from './add-layer.ts';

test('a connection whose session was aborted as it connected is closed, and no layer gets it', async () => {
  const { session } = await establishingLab([]);
  const plain = new FakeConnection();
  const wrapped: Connection[] = [];
  const layer = {
    id: 'tls',
    wrap(connection: Connection) {
      wrapped.push(connection);
      return Promise.resolve(connection);
    },
  };
  const bounds = { timeout: 1000, signals: [AbortSignal.abort()] };
  await expect(addLayer(layer, plain, session('10.0.0.9'), bounds)).rejects.toMatchObject({
    code: 'connection_terminated',
  });
  expect([plain.destroyed, wrapped]).toEqual([true, []]);
});
