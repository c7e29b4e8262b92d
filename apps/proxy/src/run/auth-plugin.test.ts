import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { get, running, startEcho } from '../../test-support/authenticated.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';

const plugins = [fileURLToPath(new URL('../../../../docs/examples/api-key.ts', import.meta.url))];

const KEY = 'key-of-ann';
const keys = { ann: createHash('sha256').update(KEY).digest('hex') };

const services = (auth: unknown): ConfigInput['services'] =>
  ({
    web: {
      mode: 'reverse',
      auth,
      access: [{ allow: { users: ['ann'] } }, { deny: {} }],
      routes: [{ chainer: { type: 'directed', remote: '127.0.0.2:80' } }],
    },
  }) as ConfigInput['services'];

const request = (fields: string): string =>
  get().replace('GET http://127.0.0.2/', 'GET /').replace('Connection', `${fields}Connection`);

test('a plugin of a file says who clients are, and which fields servers get in place of theirs', async () => {
  await running(
    services({ type: 'api-key', keys }),
    async ({ network, ask, summaries }) => {
      const echo = await startEcho(network);
      const got = await ask(request(`X-Api-Key: ${KEY}\r\nX-User: root\r\nAuthorization: Basic YTpi\r\n`));
      expect(got).toMatch(/^HTTP\/1\.1 200 /);
      expect(got).toContain('x-user: ann\r\n');
      expect(got).not.toContain('root');
      expect(got.toLowerCase()).not.toContain('x-api-key');
      // It says that it does not look at this field, which is the server's then.
      expect(got).toContain('Authorization: Basic YTpi');
      expect(await ask(request('X-Api-Key: wrong\r\n'))).toMatch(/^HTTP\/1\.1 403 [^]*The key is wrong\./);
      expect(await ask(request(''))).toMatch(/^HTTP\/1\.1 403 [^]*wants to know who asks/);
      await echo.close();
      expect(summaries.map(({ who, what }) => [who.user, what.rule])).toEqual([
        ['ann', 'services.web.access[0]'],
        [undefined, 'services.web.auth'],
        [undefined, 'services.web.auth'],
      ]);
    },
    {},
    { plugins },
  );
});

test('it stands in a list beside built-in ways', async () => {
  const hash = '$scrypt$ln=4,r=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  const auth = [
    { type: 'api-key', keys },
    { type: 'basic', users: { bob: hash } },
  ];
  await running(
    services(auth),
    async ({ ask }) => {
      expect(await ask(request(''))).toMatch(/^HTTP\/1\.1 401 [^]*WWW-Authenticate: Basic/);
    },
    {},
    { plugins },
  );
});

test('its options are checked where they are written, and a kind that nobody provides is named', async () => {
  const problemsOf = (auth: unknown): Promise<string> =>
    parseConfig({
      value: { plugins, listeners: [{ bind: '127.0.0.1:0', service: 'web' }], services: services(auth) },
      baseDirectory: '/nowhere',
    }).then(() => '', String);
  expect(await problemsOf({ type: 'api-key', keys: { ann: 'x' } })).toMatch(/services\.web\.auth\.keys\.ann: /);
  expect(await problemsOf([{ type: 'api-kee', keys }])).toMatch(/auth\[0\]\.type: [^]*"api-key"/);
});
