import { describe, expect, test } from 'vitest';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();
const POST = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
const http = { maxHeaderBytes: 1000, maxHeaderFields: 10 };

describe.each([
  ['bytes', `X: ${'a'.repeat(2000)}\r\n`, 'The trailer section is too big.', 'http.maxHeaderBytes'],
  ['fields', 'X: a\r\n'.repeat(11), 'There are too many fields in the trailer section.', 'http.maxHeaderFields'],
])('trailers with too many %s', (_what, trailer, message, setting) => {
  test('of a request are 431, with the setting', async () => {
    for (const early of [true, false]) {
      const harness = await make({ http });
      const client = harness.client();
      const rest = `0\r\n${trailer}\r\n`;
      client.send(`${POST}2\r\nok\r\n${early ? rest : ''}`);
      if (!early) {
        await (await harness.server()).receive('ok');
        client.send(rest);
      }
      await client.ended();
      expect(client.received).toMatch(/^HTTP\/1\.1 431 /);
      expect(harness.records).toMatchObject([{ status: 431, error: { code: 'http_request_error', message, setting } }]);
    }
  });

  test.each([true, false])('of an answer have a reason of their own (strict: %s)', async (strict) => {
    const harness = await make({ http: { ...http, strict } });
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('GET');
    server.send(`${OK}0\r\n${trailer}\r\n`);
    await client.ended();
    expect(harness.records).toMatchObject([{ error: { code: 'http_response_trailer_section_size', message } }]);
  });
});

test('trailers of an answer that are malformed have the reason of malformed chunks', async () => {
  const harness = await make({ http: { ...http, strict: true } });
  const client = harness.client();
  client.send(GET);
  const server = await harness.server();
  await server.receive('GET');
  server.send(`${OK}0\r\nX y: z\r\n\r\n`);
  await client.ended();
  expect(harness.records).toMatchObject([{ error: { code: 'http_response_transfer_coding' } }]);
});
