import { expect, test } from 'vitest';
import { basic, get, proxyAt, running, startEcho } from '../../test-support/authenticated.ts';
import { address, connect, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';

/** Of the password `U*U`, and cheap. */
const HASH = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
const ANN = { type: 'basic', realm: 'build', users: { ann: HASH, bob: HASH }, groups: { jobs: ['ann'] } } as const;

const forward = (auth: unknown, rest = {}): ConfigInput['services'] =>
  ({
    web: {
      mode: 'forward',
      auth,
      access: [{ allow: { groups: ['jobs'], servers: ['127.0.0.0/8'] } }, { deny: { reason: 'Only jobs.' } }],
      routes: [{ chainer: { type: 'inband' } }],
      ...rest,
    },
  }) as ConfigInput['services'];

test('a forward proxy asks by 407, lets the right user through by groups, and tells servers and log no credentials', async () => {
  await running(forward(ANN), async ({ network, summaries, ask }) => {
    const echo = await startEcho(network);
    const asked = await ask(get());
    expect(asked).toMatch(/^HTTP\/1\.1 407 Proxy Authentication Required\r\n/);
    expect(asked).toContain('\r\nProxy-Authenticate: Basic realm="build", charset="UTF-8"\r\n');
    expect(await ask(get(basic('ann:wrong')))).toMatch(/^HTTP\/1\.1 407 /);
    const through = await ask(get(basic('ann:U*U')));
    expect(through).toMatch(/^HTTP\/1\.1 200 /);
    expect(through.toLowerCase()).not.toContain('authorization');
    expect(await ask(get(basic('bob:U*U')))).toMatch(/^HTTP\/1\.1 403 [^]*Only jobs\./);
    await echo.close();
    expect(summaries.map(({ who, what, verdict }) => [who.user, what.rule, verdict])).toEqual([
      [undefined, 'services.web.auth', 'denied-by-policy'],
      [undefined, 'services.web.auth', 'denied-by-policy'],
      ['ann', 'services.web.access[0]', 'accepted'],
      ['bob', 'services.web.access[1]', 'denied-by-policy'],
    ]);
    expect(JSON.stringify(summaries)).not.toMatch(/U\*U|YW5uOl|wrong"/);
  });
});

test('a tunnel is asked for by the same credentials', async () => {
  const connectLine = 'CONNECT 127.0.0.2:80 HTTP/1.1';
  await running(forward(ANN), async ({ network, ask }) => {
    const origin = await startOrigin(network, address('127.0.0.2', 80), 'origin');
    expect(await ask(get(undefined, connectLine))).toMatch(/^HTTP\/1\.1 407 /);
    const tunnel = await ask(`${get(basic('ann:U*U'), connectLine)}GET / HTTP/1.1\r\n\r\n`);
    expect(tunnel).toMatch(/^HTTP\/1\.1 200 [^]*origin$/);
    await origin.close();
  });
});

test('a reverse proxy asks by 401, and servers do not get what it has read', async () => {
  const routes = [
    { match: { user: 'bob' }, chainer: { type: 'directed', remote: '127.0.0.3:80' } },
    { chainer: { type: 'directed', remote: '127.0.0.2:80' } },
  ];
  await running(forward(ANN, { mode: 'reverse', access: [], routes }), async ({ network, ask }) => {
    const [echo, other] = [
      await startEcho(network),
      await startOrigin(network, address('127.0.0.3', 80), 'the one of bob'),
    ];
    const asking = (credentials?: string) => ask(get(credentials, 'GET / HTTP/1.1', 'Authorization'));
    expect(await asking()).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n[^]*\r\nWWW-Authenticate: Basic realm="build"/);
    const got = await asking(basic('ann:U*U'));
    expect(got).toMatch(/^HTTP\/1\.1 200 /);
    expect(got.toLowerCase()).not.toContain('authorization');
    expect(await asking(basic('bob:U*U'))).toContain('the one of bob');
    const twice = `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\nConnection: close\r\n\r\n`;
    expect(await ask(twice)).toMatch(/^HTTP\/1\.1 400 /);
    await echo.close();
    await other.close();
  });
});

const SOCKS_REQUEST = '\x05\x01\x00\x01\x7f\x00\x00\x02\x00\x50';
const login = (user: string, password: string): string =>
  `\x01${String.fromCharCode(user.length)}${user}${String.fromCharCode(password.length)}${password}`;

test('a SOCKS client logs in by user and password, whether it waits for replies or not', async () => {
  const accept = ['http', 'socks5', 'socks4a'];
  await running(
    forward(ANN),
    async ({ network, ask, summaries }) => {
      const origin = await startOrigin(network, address('127.0.0.2', 80), 'origin');
      const opened = '\x05\x02\x01\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00';
      const whole = `\x05\x02\x00\x02${login('ann', 'U*U')}${SOCKS_REQUEST}GET / HTTP/1.1\r\n\r\n`;
      const first = await ask(whole);
      expect(first.startsWith(opened)).toBe(true);
      expect(first).toMatch(/origin$/);
      // The verdict is known now.
      expect((await ask(whole)).startsWith(opened)).toBe(true);
      expect(await ask(`\x05\x01\x02${login('ann', 'wrong')}`)).toBe('\x05\x02\x01\x01');
      expect((await ask(`\x05\x01\x00${SOCKS_REQUEST}`)).slice(0, 4)).toBe('\x05\x00\x05\x02');
      expect((await ask('\x04\x01\x00\x50\x7f\x00\x00\x02ann\x00')).slice(0, 2)).toBe('\x00\x5b');
      await origin.close();
      expect(summaries.map(({ who }) => who.user)).toEqual(['ann', 'ann', undefined, undefined, undefined]);
    },
    { accept },
  );
});

test('servers are others for users and groups where address translation says so', async () => {
  const nat = [
    { dnat: { users: ['bob'], servers: '127.0.0.2', to: '127.0.0.3:80' } },
    { dnat: { groups: ['jobs'], servers: '127.0.0.2', to: '127.0.0.4:80' } },
  ];
  const access = [{ allow: { servers: ['127.0.0.0/8'] } }];
  await running(forward(ANN, { nat, access }), async ({ network, ask }) => {
    const origins = await Promise.all(
      ['127.0.0.3', '127.0.0.4'].map((at) => startOrigin(network, address(at, 80), `origin at ${at}`)),
    );
    expect(await ask(get(basic('bob:U*U')))).toMatch(/origin at 127\.0\.0\.3$/);
    expect(await ask(get(basic('ann:U*U')))).toMatch(/origin at 127\.0\.0\.4$/);
    for (const origin of origins) await origin.close();
  });
});

test('a client that goes while its password is verified leaves nothing behind', async () => {
  await running(forward(ANN), async ({ network }) => {
    const connection = await connect(network, '127.0.0.1', proxyAt);
    connection.handler = { data() {}, drained() {}, ended() {}, closed() {} };
    connection.resume();
    connection.write(Buffer.from(get(basic('ann:U*U'))));
    await new Promise((resolve) => setImmediate(resolve));
    connection.destroy();
    await expect.poll(() => network.open).toBe(1);
  });
});

test('where only certificates say who clients are, one without is denied', async () => {
  await running(forward({ type: 'certificate' }), async ({ ask }) => {
    expect(await ask(get())).toMatch(/^HTTP\/1\.1 403 [^]*The proxy wants to know who asks\./);
  });
});

const problemsOf = async (services: unknown): Promise<string> => {
  const value = { listeners: [{ bind: '127.0.0.1:0', service: 'web' }], services };
  return parseConfig({ value, baseDirectory: '/nowhere' }).then(
    ({ warnings }) => warnings.join('\n'),
    (error: unknown) => String(error),
  );
};

test('a configuration with passwords, a missing file, or authentication of intercepted clients is refused', async () => {
  expect(await problemsOf(forward({ type: 'basic', users: { ann: 'secret' } }))).toMatch(
    /services\.web\.auth\.users\.ann: this is no hash of [^]*"inband hash"/,
  );
  expect(await problemsOf(forward({ type: 'basic', users: { ann: 'secret' } }))).not.toContain('secret');
  expect(await problemsOf(forward([{ type: 'basic', file: 'none' }]))).toMatch(
    /auth\[0\]\.file: none: the file cannot/,
  );
  expect(await problemsOf(forward({ type: 'basic' }))).toMatch(/expected either "users" or "file"/);
  expect(await problemsOf(forward(ANN, { mode: 'transparent' }))).toMatch(/services\.web\.auth: clients can be asked/);
  expect(await problemsOf(forward(undefined))).toMatch(
    /groups: warning: this rule never matches: the service has no "auth"/,
  );
  expect(
    await problemsOf(forward(undefined, { access: [], nat: [{ snat: { users: ['a'], to: '192.0.2.1' } }] })),
  ).toMatch(/nat\[0\]\.snat\.users: warning: this rule never matches: [^]*the service has no "auth"/);
});
