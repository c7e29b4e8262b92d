import { expect, test } from 'vitest';
import { ANSWERED, GET, limits } from '../../../../test-support/limiting.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();

test('a connection ends behind the last request that it may have, and the answer says so', async () => {
  const h = await make({ routeAnswers: ANSWERED, ...limits({ requestsPerConnection: 2 }) });
  const client = h.client();
  client.send(`${GET}\r\n${GET}\r\n${GET}\r\n`);
  await client.ended();
  expect(client.received.match(/HTTP\/1\.1 \d+|Connection: close/g)).toEqual([
    'HTTP/1.1 200',
    'HTTP/1.1 200',
    'Connection: close',
  ]);
});
