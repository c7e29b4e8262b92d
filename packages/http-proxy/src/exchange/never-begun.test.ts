import { expect, test, vi } from 'vitest';
import { useHarness } from '../../test-support/use-harness.ts';
import { ExchangeTimer } from '../service/exchange-timer.ts';

const make = useHarness();
const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';

test('a defect where an exchange begins is answered with 500, and the proxy goes on', async () => {
  const harness = await make();
  const client = harness.client();
  const begin = vi.spyOn(ExchangeTimer.prototype, 'begin').mockImplementationOnce(() => {
    throw new TypeError('x is undefined');
  });
  client.send(GET);
  await client.answered();
  begin.mockRestore();
  expect(client.received).toMatch(/^HTTP\/1\.1 500 /);
  expect(client.received).not.toContain('undefined');
  expect(harness.records).toMatchObject([
    { status: 500, url: '/a', error: { code: 'proxy_internal_error', message: 'x is undefined' } },
  ]);
  expect(harness.defects.splice(0)).toHaveLength(1);
  const next = harness.client();
  next.send(GET);
  await (await harness.server()).receive('GET /a');
  next.connection.destroy(new Error('reset'));
});
