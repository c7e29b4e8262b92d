import { ProxyError } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { perForm } from '../../../../test/support/tiers/runs.ts';
import type { Harness, HarnessOptions, Peer } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';

const make = useHarness();
let harness: Harness;

async function setUp(options: HarnessOptions = {}): Promise<Peer> {
  harness = await make(options);
  return harness.client();
}

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const OPTIONS = 'OPTIONS / HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n';
const refuseGet: HarnessOptions = { rules: [{ action: 'deny', methods: ['GET', 'HEAD', 'PUT', 'CONNECT'] }] };
const noServer: HarnessOptions = {
  chainer: { kind: 'none', connectServer: () => Promise.reject(new ProxyError('connection_refused', 'No.')) },
};

/** Takes an answer of ours, its body included, and returns it. */
async function takeAnswer(client: Peer): Promise<string> {
  await client.answered();
  const { received } = client;
  const length = Number(/content-length: (\d+)/i.exec(received)![1]);
  const end = received.indexOf('\r\n\r\n') + 4 + length;
  client.received = received.slice(end);
  return received.slice(0, end);
}

describe('an answer of our own to a request that is complete leaves the connection open', () => {
  const answers: readonly (readonly [status: number, options: HarnessOptions])[] = [
    [403, refuseGet],
    [404, { route: () => undefined }],
    [502, noServer],
  ];
  for (const [status, options] of answers) {
    test(`${status}, one after the other`, async () => {
      const client = await setUp(options);
      for (let round = 0; round < 3; round += 1) {
        client.send(GET);
        const answer = await takeAnswer(client);
        expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
        expect(answer).not.toMatch(/\r\nConnection:/i);
      }
      expect(harness.records.map((record) => record.status)).toEqual([status, status, status]);
    });
  }

  test('and pipelined requests behind it are served', async () => {
    const many = perForm(500, 100);
    for (const options of [refuseGet, noServer]) {
      const client = await setUp(options);
      client.send(GET.repeat(many) + OPTIONS);
      let errors = 0;
      while (!(await takeAnswer(client)).startsWith('HTTP/1.1 200 ')) errors += 1;
      expect(errors).toBe(many);
      await harness.finish();
    }
    harness = await make();
  });

  test('504, when the server does not answer in time', async () => {
    const client = await setUp({ http: { responseTimeout: 20 } });
    client.send(GET);
    expect(await takeAnswer(client)).toMatch(/^HTTP\/1\.1 504 /);
    await (await harness.server()).closed();
    client.send(OPTIONS);
    expect(await takeAnswer(client)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('502, when the server breaks off behind a body that was read whole', async () => {
    const client = await setUp();
    client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
    const server = await harness.server();
    await server.receive('hi');
    server.connection.end();
    expect(await takeAnswer(client)).toMatch(/^HTTP\/1\.1 502 /);
    client.send(OPTIONS);
    expect(await takeAnswer(client)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('to HEAD, which has no body', async () => {
    const client = await setUp(refuseGet);
    client.send(GET.replace('GET', 'HEAD') + OPTIONS);
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /);
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('an answer of our own closes the connection', () => {
  const closing: Record<string, readonly [request: string, options: HarnessOptions]> = {
    'of a client of HTTP/1.0': ['GET /a HTTP/1.0\r\n\r\n', refuseGet],
    'of a client that says close': [GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), refuseGet],
    'when a body was not read': ['PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi', refuseGet],
    'when a body in chunks was not read': [
      'PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      refuseGet,
    ],
    'to CONNECT': ['CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n', { ...refuseGet, mode: 'forward' }],
    'to a request that is not understood': ['GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', {}],
    'when it is about a defect': [
      GET,
      { chainer: { kind: 'x', connectServer: () => Promise.reject(new TypeError('x is undefined')) } },
    ],
  };
  for (const [when, [request, options]] of Object.entries(closing)) {
    test(when, async () => {
      const client = await setUp(options);
      client.send(request + OPTIONS);
      await client.ended();
      expect(client.received).toMatch(/^HTTP\/1\.1 [45]\d\d [^]*\r\nConnection: close\r\n/);
      expect(client.received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      harness.defects.splice(0);
    });
  }
});

test('the answer that opens a tunnel has a date', async () => {
  const client = await setUp({ mode: 'forward' });
  client.send('CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n');
  expect(await client.receive('\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 Connection established\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/,
  );
  (await harness.server()).connection.end();
});
