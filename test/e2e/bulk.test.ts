import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { body, hashOf, hashOfBody, MiB } from './bodies.ts';
import { e2e } from './lab.ts';
import { RawClient } from './raw-client.ts';

const SIZE = 3 * MiB + 17;
const head = (origin: { readonly url: string; readonly port: number }, method: string, path = '/'): string[] => [
  `${method} ${origin.url}${path} HTTP/1.1`,
  `Host: 127.0.0.1:${origin.port}`,
];

function hashOfText(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

/** Bodies of a size at which a transport may carry them without showing them to the proxy. */
describe('a bulky body', () => {
  e2e('is followed by the next exchange on the same connections', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin(async (req, res) => {
      if (req.method === 'PUT') return void res.end(await hashOf(req));
      res.writeHead(200, { 'content-length': SIZE });
      for (const chunk of body(SIZE)) res.write(chunk);
      res.end();
    });
    const client = await RawClient.connect(proxy.port);
    for (let round = 0; round < 3; round += 1) {
      client.sendHead(...head(origin, 'GET'));
      await client.until('\r\n\r\n');
      expect(hashOfText(await client.bytes(SIZE))).toBe(hashOfBody(SIZE));
      client.sendHead(...head(origin, 'PUT'), `Content-Length: ${SIZE}`);
      for (const chunk of body(SIZE)) client.socket.write(chunk);
      // Pipelined: it comes right behind the body.
      client.sendHead(...head(origin, 'GET'));
      await client.until('\r\n\r\n');
      expect(await client.until(hashOfBody(SIZE))).toContain(hashOfBody(SIZE));
      await client.until('\r\n\r\n');
      expect(hashOfText(await client.bytes(SIZE))).toBe(hashOfBody(SIZE));
    }
    expect(origin.connections).toHaveLength(1);
    const records = await proxy.recorded(9);
    expect(records.map(({ bytesIn, bytesOut }) => bytesIn + (bytesOut === 64 ? 0 : bytesOut))).toEqual(
      Array.from({ length: 9 }, () => SIZE),
    );
    client.socket.destroy();
  });

  e2e('with more behind it than its server announced poisons no other answer', async (lab) => {
    const proxy = await lab.inband();
    const surplus = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned';
    const origin = await lab.origin((req, res) => {
      if (req.url !== '/first') return void res.end('answered');
      const announced = `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`;
      req.socket.write(Buffer.concat([Buffer.from(announced), ...body(SIZE), Buffer.from(surplus)]));
    });
    const client = await RawClient.connect(proxy.port);
    const [first, second] = ['/first', '/second'].map((path) => [...head(origin, 'GET', path), '', ''].join('\r\n'));
    // Pipelined: its turn comes in the very moment at which the first is over.
    client.socket.write(`${first}${second}`);
    await client.until('\r\n\r\n');
    expect(hashOfText(await client.bytes(SIZE))).toBe(hashOfBody(SIZE));
    await client.until('\r\n\r\n');
    expect(await client.bytes(8)).toBe('answered');
    client.socket.destroy();
  });

  e2e('that is refused halfway does not keep the answer from the client', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin((req, res) => {
      req.once('data', () => res.writeHead(413, { 'content-length': 3 }).end('no!'));
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...head(origin, 'PUT'), `Content-Length: ${64 * MiB}`);
    for (const chunk of body(2 * MiB)) client.socket.write(chunk);
    expect(await client.until('no!')).toContain('413');
    client.socket.destroy();
  });

  e2e('that its server cuts is cut for the client, too', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin((_req, res) => {
      res.writeHead(200, { 'content-length': 2 * SIZE });
      for (const chunk of body(SIZE)) res.write(chunk);
      setImmediate(() => res.socket?.end());
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...head(origin, 'GET'));
    const { error } = await client.closed;
    expect(error?.code).toBe('ECONNRESET');
    expect(await proxy.recorded(1)).toMatchObject([{ error: { code: 'http_response_incomplete' } }]);
  });

  e2e('that its client cuts leaves nothing open', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin((req) => void req.resume());
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...head(origin, 'PUT'), `Content-Length: ${2 * SIZE}`);
    for (const chunk of body(SIZE)) client.socket.write(chunk);
    client.socket.end();
    expect(await client.until('\r\n')).toContain('400');
    expect(await proxy.recorded(1)).toMatchObject([{ error: { code: 'http_request_error' } }]);
    client.socket.destroy();
  });

  e2e('whose client goes away halfway ends at the server', async (lab) => {
    const proxy = await lab.inband();
    const gone = Promise.withResolvers<void>();
    const origin = await lab.origin((_req, res) => {
      res.writeHead(200, { 'content-length': 256 * MiB });
      res.on('close', () => gone.resolve());
      for (const chunk of body(32 * MiB)) res.write(chunk);
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...head(origin, 'GET'));
    await client.bytes(MiB);
    client.socket.resetAndDestroy();
    await gone.promise;
    expect(await proxy.recorded(1)).toMatchObject([{ aborted: true }]);
  });
});
