import { createServer, type RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { get, running, startEcho } from '../../test-support/authenticated.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';

async function startService(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/verify`;
}

const services = (auth: unknown, mode = 'reverse'): ConfigInput['services'] =>
  ({
    web: {
      mode,
      auth,
      access: [{ allow: { groups: ['jobs'], servers: ['127.0.0.0/8'] } }, { deny: {} }],
      routes: [{ chainer: mode === 'forward' ? { type: 'inband' } : { type: 'directed', remote: '127.0.0.2:80' } }],
    },
  }) as ConfigInput['services'];

/** Knows the cookie of ann, and sends everybody else to a page where people log in. */
const knowsAnn: RequestListener = ({ headers }, response) => {
  if (headers.cookie === 'session=ann') {
    response.writeHead(200, { 'remote-user': 'ann', 'remote-groups': 'jobs' }).end();
    return;
  }
  const back = `http://${String(headers['x-forwarded-host'])}${String(headers['x-forwarded-uri'])}`;
  response.writeHead(302, { location: `https://id.example/?back=${encodeURIComponent(back)}` }).end('log in');
};

test('a service that is asked lets people through with their name, and sends others to where they log in', async () => {
  const url = await startService(knowsAnn);
  await running(services({ type: 'http', url, copy: ['remote-user'] }), async ({ network, ask, summaries }) => {
    const echo = await startEcho(network);
    const asking = (cookie: string) =>
      ask(
        get(cookie, 'GET /cart HTTP/1.1', 'Cookie').replace(
          'Connection',
          'Remote-User: root\r\nRemote_User: root\r\nConnection',
        ),
      );
    const through = await asking('session=ann');
    expect(through).toMatch(/^HTTP\/1\.1 200 /);
    expect(through).toContain('remote-user: ann\r\n');
    expect(through).not.toContain('root');
    const elsewhere = await asking('session=eve');
    expect(elsewhere).toMatch(/^HTTP\/1\.1 302 Found\r\n[^]*\r\nlocation: https:\/\/id\.example\/\?back=/);
    expect(elsewhere).toContain(encodeURIComponent('http://127.0.0.2/cart'));
    expect(elsewhere).toMatch(/log in$/);
    await echo.close();
    expect(summaries.map(({ who, what, verdict }) => [who.user, what.rule, verdict])).toEqual([
      ['ann', 'services.web.access[0]', 'accepted'],
      [undefined, 'services.web.auth', 'denied-by-policy'],
    ]);
    expect(JSON.stringify(summaries)).not.toContain('session=');
  });
});

test('a forward proxy hands a challenge on as a 407, for a tunnel, too, and refuses while nobody answers', async () => {
  const url = await startService(({ headers }, response) => {
    if (headers.authorization === 'Basic YTpi') response.writeHead(200, { 'remote-user': 'a' }).end();
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="id"' }).end();
  });
  const line = 'CONNECT 127.0.0.2:80 HTTP/1.1';
  const auth = { type: 'http', url, groups: { jobs: ['a'] } };
  await running(services(auth, 'forward'), async ({ network, ask }) => {
    const echo = await startEcho(network);
    const asked = await ask(get(undefined, line));
    expect(asked).toMatch(/^HTTP\/1\.1 407 Proxy Authentication Required\r\n[^]*proxy-authenticate: Basic realm="id"/);
    expect(await ask(`${get('Basic YTpi', line)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    await echo.close();
  });
  await running(services({ ...auth, url: 'http://127.0.0.1:1/' }, 'forward'), async ({ ask, summaries }) => {
    expect(await ask(get('Basic YTpi'))).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: 1/);
    expect(summaries.map(({ what }) => what.rule)).toEqual([undefined]);
  });
});

test('fields that frame messages cannot be copied, and a URL with a user is refused', async () => {
  const problemsOf = (auth: unknown): Promise<string> =>
    parseConfig({
      value: { listeners: [{ bind: '127.0.0.1:0', service: 'web' }], services: services(auth) },
      baseDirectory: '/nowhere',
    }).then(() => '', String);
  const url = 'http://a.example/';
  expect(await problemsOf({ type: 'http', url, copy: ['Host'] })).toMatch(/auth\.copy\[0\]: the field "host" frames/);
  expect(await problemsOf({ type: 'http', url: 'ftp://a/' })).toMatch(/auth\.url: expected a URL with http/);
});
