import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fetch, ProxyAgent } from 'undici';
import { describe, expect } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { certificate } from '../support/certificate.ts';
import { bodyStream, hashOf, hashOfBody, MiB, textOf } from './bodies.ts';
import { e2e, type Lab, type LabOrigin } from './lab.ts';

const SIZE = 8 * MiB;
const EXPECTED = hashOfBody(SIZE);

/** Serves the body at /body; says the hash of what is sent to it anywhere else. */
async function listener(req: IncomingMessage, res: Parameters<Parameters<Lab['origin']>[0]>[1]): Promise<void> {
  if (req.url === '/body') bodyStream(SIZE).pipe(res);
  else res.end(await hashOf(req));
}

function originOf(lab: Lab, scheme: string): Promise<LabOrigin> {
  return scheme === 'https' ? lab.tlsOrigin(listener) : lab.origin(listener);
}

describe.each(['http', 'https'])("undici's ProxyAgent, %s", (scheme) => {
  // Its own default is a tunnel for either scheme.
  e2e.each([{ proxyTunnel: true }, ...(scheme === 'http' ? [{ proxyTunnel: false }] : [])])(
    'with %o downloads and uploads',
    async (lab, options) => {
      const proxy = await lab.inband();
      const origin = await originOf(lab, scheme);
      const dispatcher = new ProxyAgent({ uri: proxy.url, requestTls: { ca: certificate.cert }, ...options });
      lab.defer(() => dispatcher.destroy());
      const down = await fetch(`${origin.url}/body`, { dispatcher });
      expect(await hashOf(Readable.fromWeb(down.body!))).toBe(EXPECTED);
      const up = await fetch(`${origin.url}/`, { method: 'POST', body: bodyStream(SIZE), duplex: 'half', dispatcher });
      expect(await up.text()).toBe(EXPECTED);
      await dispatcher.close();
      const kinds = (await proxy.recorded(options.proxyTunnel ? 1 : 2)).map(({ kind }) => kind);
      expect(new Set(kinds)).toEqual(new Set([options.proxyTunnel ? 'tunnel' : 'request']));
    },
  );
});

describe.each(['http', 'https'])('%s-proxy-agent', (scheme) => {
  e2e('downloads and uploads', async (lab) => {
    const proxy = await lab.inband();
    const origin = await originOf(lab, scheme);
    const agent =
      scheme === 'https'
        ? new HttpsProxyAgent(proxy.url, { keepAlive: true })
        : new HttpProxyAgent(proxy.url, { keepAlive: true });
    lab.defer(() => agent.destroy());
    const ask = (path: string, method: string): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const request = scheme === 'https' ? requestHttps : requestHttp;
        const outgoing = request(`${origin.url}${path}`, { agent, method, ca: certificate.cert }, resolve);
        outgoing.on('error', reject);
        if (method === 'GET') outgoing.end();
        else bodyStream(SIZE).pipe(outgoing);
      });
    expect(await hashOf(await ask('/body', 'GET'))).toBe(EXPECTED);
    expect(await textOf(await ask('/', 'PUT'))).toBe(EXPECTED);
  });
});

describe('ws', () => {
  e2e.each(['ws', 'wss'])('talks %s through a tunnel', async (lab, scheme) => {
    const proxy = await lab.inband();
    const origin = await originOf(lab, scheme.replace('ws', 'http'));
    echo(lab, origin);
    const agent = new HttpsProxyAgent(proxy.url);
    await converse(new WebSocket(origin.url.replace('http', 'ws'), { agent, ca: certificate.cert }));
  });

  e2e('talks through an upgraded request', async (lab) => {
    const proxy = await lab.inband();
    const origin = await originOf(lab, 'http');
    echo(lab, origin);
    // Straight to the proxy, with the absolute form of the target.
    const url = `ws://127.0.0.1:${proxy.port}`;
    const finishRequest = (outgoing: ReturnType<typeof requestHttp>): void => {
      outgoing.path = `${origin.url}/`;
      outgoing.setHeader('host', `127.0.0.1:${origin.port}`);
      outgoing.end();
    };
    await converse(new WebSocket(url, { finishRequest }));
    expect(await proxy.recorded(1)).toMatchObject([{ kind: 'tunnel', status: 101 }]);
  });
});

function echo(lab: Lab, origin: LabOrigin): void {
  const server = new WebSocketServer({ server: origin.server, maxPayload: 2 * MiB });
  server.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  lab.defer(() => server.close());
}

/** Sends a text and a large binary message, expects them back, and closes. */
async function converse(client: WebSocket): Promise<void> {
  await once(client, 'open');
  for (const message of [Buffer.from('hello'), Buffer.alloc(MiB, 7)]) {
    client.send(message);
    const [answer] = (await once(client, 'message')) as [Buffer];
    expect(answer.equals(message)).toBe(true);
  }
  client.close(1000, 'done');
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(1000);
}
