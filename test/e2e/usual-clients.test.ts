import axios from 'axios';
import got from 'got';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { execFile } from 'node:child_process';
import { get as getHttp, type Agent, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { fetch, ProxyAgent, WebSocket as UndiciWebSocket } from 'undici';
import { describe, expect, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { certificate } from '../support/certificate.ts';
import { textOf } from './bodies.ts';
import { usualConfiguration } from './default-configuration.ts';
import { e2e, type Lab, type LabOrigin } from './lab.ts';
import { startProgram } from './program.ts';

/** What a usual client does with a URL through the proxy at `proxy`: the text that it gets. */
type Ask = (url: string, proxy: string) => Promise<string>;

const run = promisify(execFile);

/** A program that knows of the proxy by its environment alone, and says what it got. */
async function inEnvironment(code: string, proxy: string): Promise<string> {
  const env = {
    ...process.env,
    NODE_USE_ENV_PROXY: '1',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NODE_NO_WARNINGS: '1',
    http_proxy: proxy,
    https_proxy: proxy,
    no_proxy: '',
  };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { env });
  return stdout;
}

function throughAgent(get: typeof getHttp, agent: Agent): (url: string) => Promise<string> {
  return (url) =>
    new Promise((resolve, reject) => {
      const options = { agent, ca: certificate.cert };
      get(url, options, (response: IncomingMessage) => void textOf(response).then(resolve, reject)).on('error', reject);
    });
}

/** Says hello through a WebSocket of the package ws. */
async function greet(url: string, agent: Agent): Promise<string> {
  const socket = new WebSocket(url, { agent });
  await once(socket, 'open');
  socket.send('hello');
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  await once(socket, 'close');
  return answer.toString();
}

const CLIENTS: Record<string, Record<string, Ask>> = {
  'fetch with the environment': {
    http: (url, proxy) => inEnvironment(`process.stdout.write(await (await fetch('${url}')).text())`, proxy),
    https: (url, proxy) => inEnvironment(`process.stdout.write(await (await fetch('${url}')).text())`, proxy),
    ws: (url, proxy) =>
      inEnvironment(
        `const socket = new WebSocket('${url}');
         socket.onopen = () => socket.send('hello');
         socket.onmessage = ({ data }) => { process.stdout.write(data); socket.close(); };
         socket.onerror = () => process.exit(1);`,
        proxy,
      ),
  },
  undici: {
    http: (url, proxy) => withUndici(proxy, async (dispatcher) => (await fetch(url, { dispatcher })).text()),
    https: (url, proxy) => withUndici(proxy, async (dispatcher) => (await fetch(url, { dispatcher })).text()),
    ws: (url, proxy) =>
      withUndici(
        proxy,
        (dispatcher) =>
          new Promise((resolve, reject) => {
            const socket = new UndiciWebSocket(url, { dispatcher });
            socket.addEventListener('open', () => socket.send('hello'));
            socket.addEventListener('error', () => reject(new Error('The WebSocket failed.')));
            socket.addEventListener('message', ({ data }) => {
              socket.addEventListener('close', () => resolve(String(data)));
              socket.close();
            });
          }),
      ),
  },
  'http-proxy-agent': {
    http: (url, proxy) => throughAgent(getHttp, new HttpProxyAgent(proxy))(url),
    // It is for http only: who uses it for http uses the other one for https.
    https: (url, proxy) => throughAgent(getHttps, new HttpsProxyAgent(proxy))(url),
    ws: (url, proxy) => greet(url, new HttpProxyAgent(proxy)),
  },
  'https-proxy-agent': {
    http: (url, proxy) => throughAgent(getHttp, new HttpsProxyAgent(proxy))(url),
    https: (url, proxy) => throughAgent(getHttps, new HttpsProxyAgent(proxy))(url),
    ws: (url, proxy) => greet(url, new HttpsProxyAgent(proxy)),
  },
  axios: {
    http: (url, proxy) => withAxios(url, { proxy: { protocol: 'http', host: '127.0.0.1', port: portOf(proxy) } }),
    https: (url, proxy) => withAxios(url, { proxy: false, httpsAgent: trusting(new HttpsProxyAgent(proxy)) }),
    ws: (url, proxy) => greet(url, new HttpsProxyAgent(proxy)),
  },
  got: {
    http: (url, proxy) => withGot(url, proxy),
    https: (url, proxy) => withGot(url, proxy),
    ws: (url, proxy) => greet(url, new HttpsProxyAgent(proxy)),
  },
};

/** Its connections are kept for more requests, so they are closed behind the one. */
async function withUndici(proxy: string, use: (dispatcher: ProxyAgent) => Promise<string>): Promise<string> {
  const dispatcher = new ProxyAgent({ uri: proxy, requestTls: { ca: certificate.cert } });
  try {
    return await use(dispatcher);
  } finally {
    await dispatcher.destroy();
  }
}

function portOf(proxy: string): number {
  return Number(new URL(proxy).port);
}

/** axios hands no authority to its agent. */
function trusting(agent: HttpsProxyAgent<string>): Agent {
  return Object.assign(agent, { options: { ...agent.options, ca: certificate.cert } });
}

async function withAxios(url: string, how: object): Promise<string> {
  const { data } = await axios.get<string>(url, { responseType: 'text', ...how });
  return data;
}

function withGot(url: string, proxy: string): Promise<string> {
  const agent = { http: new HttpProxyAgent(proxy), https: new HttpsProxyAgent(proxy) };
  return got(url, { agent, https: { certificateAuthority: certificate.cert }, retry: { limit: 0 } }).text();
}

/** Says hello over HTTP, and echoes over WebSockets. Its port is a high one, as that of any server of a developer. */
async function startOrigin(lab: Lab, scheme: string): Promise<LabOrigin> {
  const origin = await (scheme === 'https' ? lab.tlsOrigin(hello) : lab.origin(hello));
  const server = new WebSocketServer({ server: origin.server });
  server.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString())));
  lab.defer(() => server.close());
  return origin;
}

function hello(_request: IncomingMessage, response: { end(text: string): void }): void {
  response.end('hello');
}

describe.each(Object.keys(CLIENTS))('%s, with the configuration that npm start uses,', (client) => {
  e2e.each(['http', 'https', 'ws'])('works for %s to a high port', async (lab, scheme) => {
    const program = await startProgram(lab, usualConfiguration());
    const origin = await startOrigin(lab, scheme);
    const url = scheme === 'ws' ? origin.url.replace('http', 'ws') : origin.url;
    expect(await CLIENTS[client]![scheme]!(url, `http://127.0.0.1:${program.port}`)).toBe('hello');
    // And it was the proxy that brought it there.
    await vi.waitFor(() => {
      const lines = program.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const server = `127.0.0.1:${origin.port}`;
      expect(lines.filter(({ msg }) => msg === 'request' || msg === 'tunnel')).toMatchObject([{ server }]);
    });
  });
});
