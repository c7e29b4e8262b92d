import { get, request, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { describe, expect } from 'vitest';
import { bodyStream, hashOf, hashOfBody, MiB } from './bodies.ts';
import { e2e } from './lab.ts';

const SIZE = 100 * MiB;
const EXPECTED = hashOfBody(SIZE);

describe.each([
  ['with a length', { 'content-length': SIZE }],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
])('100 MiB %s', (_framing, headers) => {
  e2e('come down whole', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin((_req, res) => {
      res.writeHead(200, headers);
      void pipeline(bodyStream(SIZE), res);
    });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: proxy.port, path: `${origin.url}/`, agent: false };
      get({ ...options, headers: { host: `127.0.0.1:${origin.port}` } }, resolve).on('error', reject);
    });
    expect(await hashOf(response)).toBe(EXPECTED);
    expect(await proxy.recorded(1)).toMatchObject([{ bytesOut: SIZE }]);
  });

  e2e('go up whole', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin(async (req, res) => void res.end(await hashOf(req)));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: proxy.port, path: `${origin.url}/`, method: 'PUT', agent: false };
      const outgoing = request({ ...options, headers: { host: `127.0.0.1:${origin.port}`, ...headers } }, resolve);
      outgoing.on('error', reject);
      void pipeline(bodyStream(SIZE), outgoing);
    });
    let answer = '';
    for await (const text of response.setEncoding('utf8')) answer += String(text);
    expect(answer).toBe(EXPECTED);
    expect(await proxy.recorded(1)).toMatchObject([{ bytesIn: SIZE }]);
  });
});
