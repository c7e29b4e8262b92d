import { type IncomingMessage, request, type RequestOptions } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { textOf } from './bodies.ts';
import { e2e, forward, type Lab, type LabOrigin, type LabProxy } from './lab.ts';
import { RawClient } from './raw-client.ts';

/** A request of Node's client, in absolute form, on a connection of its own unless an agent is given. */
function ask(proxy: LabProxy, url: string, options: RequestOptions = {}, content?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url);
    const headers = { host, ...(options.headers as Record<string, string> | undefined) };
    request({ host: '127.0.0.1', port: proxy.port, path: url, agent: false, ...options, headers }, resolve)
      .on('error', reject)
      .end(content);
  });
}

/** Lines of a request for an origin, through a raw connection. */
function lines(origin: { port: number }, method = 'GET', version = '1.1'): [string, string] {
  return [`${method} http://127.0.0.1:${origin.port}/ HTTP/${version}`, `Host: 127.0.0.1:${origin.port}`];
}

async function setUp(lab: Lab, listener: Parameters<Lab['origin']>[0]): Promise<[LabProxy, LabOrigin]> {
  return [await lab.inband(), await lab.origin(listener)];
}

describe('a client and a server of Node', () => {
  e2e('chunks and their trailers pass both ways', async (lab) => {
    const seen: unknown[] = [];
    const [proxy, origin] = await setUp(lab, async (req, res) => {
      seen.push(await textOf(req), req.trailers);
      res.writeHead(200, { trailer: 'X-Checksum' });
      res.write('one ');
      res.addTrailers({ 'X-Checksum': 'abc' });
      res.end('two');
    });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { host: `127.0.0.1:${origin.port}`, trailer: 'X-Sum', 'transfer-encoding': 'chunked' };
      const options = {
        host: '127.0.0.1',
        port: proxy.port,
        path: `${origin.url}/`,
        method: 'POST',
        agent: false,
        headers,
      };
      const outgoing = request(options, resolve).on('error', reject);
      outgoing.write('some ');
      outgoing.addTrailers({ 'X-Sum': '42' });
      outgoing.end('content');
    });
    expect(await textOf(response)).toBe('one two');
    expect(response.trailers).toEqual({ 'x-checksum': 'abc' });
    expect(seen).toEqual(['some content', { 'x-sum': '42' }]);
  });

  e2e('Expect: 100-continue waits for the server to agree', async (lab) => {
    const [proxy, origin] = await setUp(lab, () => {});
    let agree: (() => void) | undefined;
    const asked = new Promise<void>((resolve) => {
      origin.server.on('checkContinue', (req: IncomingMessage, res) => {
        agree = () => res.writeContinue();
        resolve();
        void textOf(req).then((content) => res.end(`got ${content}`));
      });
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...lines(origin, 'PUT'), 'Content-Length: 5', 'Expect: 100-continue', 'Connection: close');
    await asked;
    expect(client.received).toBe('');
    agree?.();
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 100 Continue\r\n/);
    client.send('hello');
    expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*got hello/);
    client.socket.end();
  });

  e2e('a refused expectation is passed on, and the body is never asked for', async (lab) => {
    const [proxy, origin] = await setUp(lab, () => {});
    origin.server.on('checkContinue', (_req, res) => res.writeHead(403, { connection: 'close' }).end('no'));
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...lines(origin, 'PUT'), 'Content-Length: 5', 'Expect: 100-continue');
    expect(await client.toEnd()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[^]*no/);
    client.socket.end();
  });

  e2e('HEAD, 204 and 304 have no body, and the connection goes on', async (lab) => {
    const [proxy, origin] = await setUp(lab, (req, res) => {
      const status = Number(req.url?.slice(1));
      res.writeHead(status, status === 200 ? { 'content-length': 1_000 } : { etag: '"x"' });
      res.end();
    });
    const client = await RawClient.connect(proxy.port);
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
      ['HEAD', 304],
    ] as const) {
      client.sendHead(`${method} ${origin.url}/${status} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
      const head = await client.until('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      if (status === 200) expect(head).toMatch(/\r\ncontent-length: 1000\r\n/i);
    }
    expect(client.received).toBe('');
    expect(origin.connections).toHaveLength(1);
    client.socket.end();
  });

  e2e('a client of HTTP/1.0 gets a body without chunks, up to the end of the connection', async (lab) => {
    const [proxy, origin] = await setUp(lab, (_req, res) => {
      res.write('one ');
      res.end('two');
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...lines(origin, 'GET', '1.0'));
    const answer = await client.toEnd();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer).toMatch(/\r\n\r\none two$/);
    client.socket.end();
  });

  e2e('pipelined requests are answered in their order', async (lab) => {
    let running = 0;
    const atOnce: number[] = [];
    const [proxy, origin] = await setUp(lab, async (req, res) => {
      atOnce.push(++running);
      if (req.url === '/slow') await wait(20);
      running -= 1;
      res.end(req.url);
    });
    const client = await RawClient.connect(proxy.port);
    const head = (path: string) => `GET ${origin.url}${path} HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`;
    client.send(head('/slow') + head('/quick'));
    await client.until('\r\n/slow');
    await client.until('\r\n/quick');
    // The second request is not even sent before the first is answered.
    expect(atOnce).toEqual([1, 1]);
    client.socket.end();
  });
});

describe('server connections', () => {
  e2e('a hundred requests of one client arrive on one connection', async (lab) => {
    const [proxy, origin] = await setUp(lab, (_req, res) => void res.end('ok'));
    const client = await RawClient.connect(proxy.port);
    for (let count = 0; count < 100; count += 1) {
      client.sendHead(...lines(origin));
      await client.until('\r\nok');
    }
    expect(origin.connections).toHaveLength(1);
    expect((await proxy.recorded(100)).filter(({ reused }) => reused)).toHaveLength(99);
    client.socket.end();
  });

  e2e('a GET is tried again when the server had closed the idle connection just then', async (lab) => {
    let requests = 0;
    const [proxy, origin] = await setUp(lab, (req, res) => {
      requests += 1;
      // The second request on a connection is met by its end: what a server does whose keep-alive time is over.
      if (requests === 2) req.socket.destroy();
      else res.end(`answer ${requests}`, 'latin1');
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...lines(origin));
    await client.until('answer 1');
    client.sendHead(...lines(origin));
    await client.until('answer 3');
    expect(origin.connections).toHaveLength(2);
    client.socket.end();
  });

  e2e('a POST is not tried again', async (lab) => {
    let requests = 0;
    const [proxy, origin] = await setUp(lab, (req, res) => {
      requests += 1;
      if (requests === 2) req.socket.destroy();
      else res.end('answer');
    });
    const client = await RawClient.connect(proxy.port);
    client.sendHead(...lines(origin));
    await client.until('answer');
    client.sendHead(...lines(origin, 'POST'), 'Content-Length: 0');
    const answer = await client.until('\n}\n');
    expect(answer).toMatch(
      /HTTP\/1\.1 502 Bad Gateway\r\n[^]*\r\nProxy-Status: inband-\w{6}; error=connection_terminated/,
    );
    expect(requests).toBe(2);
    client.socket.end();
  });

  e2e('an idle connection that the server closes is not used again', async (lab) => {
    const [proxy, origin] = await setUp(lab, (_req, res) => void res.end('ok'));
    expect(await textOf(await ask(proxy, `${origin.url}/`))).toBe('ok');
    const first = origin.connections[0];
    const gone = new Promise((resolve) => first?.once('close', resolve));
    first?.end();
    await gone;
    expect(await textOf(await ask(proxy, `${origin.url}/`))).toBe('ok');
    expect((await proxy.recorded(2)).map(({ reused }) => reused)).toEqual([false, false]);
  });

  e2e('a thousand clients of a stalled server do not hold up those of another', async (lab) => {
    // They come at once, which is an overload where the machine is busy.
    const proxy = await lab.inband({ ...forward(), limits: { overloadAfter: 'never' } });
    const arrived = Promise.withResolvers<void>();
    let stalledRequests = 0;
    const stalled = await lab.origin(() => {
      stalledRequests += 1;
      if (stalledRequests === 1_000) arrived.resolve();
    });
    const lively = await lab.origin((_req, res) => void res.end('alive'));
    const stuck = await Promise.all(Array.from({ length: 1_000 }, () => RawClient.connect(proxy.port)));
    for (const client of stuck) client.sendHead(...lines(stalled));
    await arrived.promise;
    for (let count = 0; count < 20; count += 1) {
      expect(await textOf(await ask(proxy, `${lively.url}/`))).toBe('alive');
    }
    expect(await proxy.recorded(20)).toHaveLength(20);
    for (const client of stuck) client.socket.destroy();
    await Promise.all(stuck.map(({ closed }) => closed));
  });
});

describe('failures', () => {
  e2e('a server that is not there is a 502 that says so', async (lab) => {
    const proxy = await lab.inband();
    const response = await ask(proxy, `http://127.0.0.1:${await freePort()}/`);
    expect(response.statusCode).toBe(502);
    expect(response.headers['proxy-status']).toMatch(/^inband-\w{6}; error=connection_refused/);
    expect(JSON.parse(await textOf(response))).toMatchObject({
      error: 'connection_refused',
      fault: 'server',
      retry: true,
    });
    expect(await proxy.recorded(1)).toMatchObject([{ status: 502, error: { code: 'connection_refused' } }]);
  });

  e2e('a response that is cut short does not look whole', async (lab) => {
    const [proxy, origin] = await setUp(lab, (req, res) => {
      res.writeHead(200, { 'content-length': 100 });
      res.write('half', () => req.socket.destroy());
    });
    const response = await ask(proxy, `${origin.url}/`);
    await expect(textOf(response)).rejects.toThrow(/aborted|ECONNRESET/);
    expect((await proxy.recorded(1))[0]).toMatchObject({ status: 200, error: { code: 'http_response_incomplete' } });
  });

  e2e('a server that does not answer in time is a 504', async (lab) => {
    const proxy = await lab.inband(forward({ responseTimeout: '100ms' }));
    const origin = await lab.origin(() => {});
    const response = await ask(proxy, `${origin.url}/`);
    expect(response.statusCode).toBe(504);
    expect(JSON.parse(await textOf(response))).toMatchObject({
      error: 'http_response_timeout',
      setting: 'services.browser.http.responseTimeout',
    });
  });
});
