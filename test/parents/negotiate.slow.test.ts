import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { programCommand } from '../e2e/program.ts';
import { curl } from '../support/curl.ts';
import { describeRequiring } from '../support/requires.ts';
import { REALM, startRealm } from './kerberos-realm.ts';
import { startSquid } from './peers.ts';

/** A folder with the npm package `kerberos`, which has to be compiled. */
const withKerberos = process.env.INBAND_TEST_KERBEROS;
const NAME = 'squid that takes Negotiate';

function tests(): void {
  test('lets requests and tunnels through by tickets of the KDC, and nobody without', async () => {
    const service = `HTTP/localhost`;
    const realm = await startRealm('ann', service);
    onTestFinished(() => realm.stop());
    const helper = `/usr/lib/squid/negotiate_kerberos_auth -k ${realm.keytab} -s ${service}@${REALM}`;
    const settings = () => [
      `auth_param negotiate program ${helper}`,
      'auth_param negotiate children 1 startup=1',
      'acl known proxy_auth REQUIRED',
      'http_access deny !known',
    ];
    const squid = await startSquid({ settings, env: realm.env });
    onTestFinished(() => squid.stop());
    const origin = createServer((request, response) => response.end(`${request.method} ${request.url}`));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void origin.close());
    const folder = await mkdtemp(join(tmpdir(), 'inband-negotiate-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await symlink(join(withKerberos ?? '', 'node_modules'), join(folder, 'node_modules'));
    const port = await freePort();
    const servers = [`localhost:${squid.port}`];
    const chainer = { type: 'parent', protocol: 'http', servers, auth: { scheme: 'negotiate' } };
    const browser = {
      mode: 'forward',
      http: { connectPorts: 'any' },
      access: [{ allow: { hosts: ['*'] } }],
      routes: [{ chainer }],
    };
    const config = { listeners: [{ bind: `127.0.0.1:${port}`, service: 'browser' }], services: { browser } };
    await writeFile(join(folder, 'inband.json'), JSON.stringify(config));
    const [command, ...parameters] = [...programCommand, '--config', join(folder, 'inband.json')];
    const program = spawn(command, parameters, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...realm.env },
    });
    onTestFinished(async () => {
      program.kill('SIGKILL');
      await once(program, 'exit');
    });
    for await (const text of program.stdout) if (String(text).includes('"listening"')) break;
    const proxy = `http://127.0.0.1:${port}`;
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
    const ask = async (...argv: readonly string[]): Promise<string> => {
      const { stdout } = await curl(['--proxy', proxy, '--write-out', ' %{http_code}', ...argv]);
      return stdout.toString();
    };
    expect(await ask(`${url}/none`)).toContain('The proxy has no Kerberos ticket for the parent proxy');
    await realm.logIn('ann');
    expect(await ask(`${url}/a`)).toBe('GET /a 200');
    expect(await ask('--data', 'some', `${url}/b`)).toBe('POST /b 200');
    expect(await ask('--proxytunnel', `${url}/c`)).toBe('GET /c 200');
  }, 60_000);
}

if (withKerberos === undefined) {
  describe.skip(`${NAME} (missing: INBAND_TEST_KERBEROS, a folder with the npm package kerberos)`, tests);
} else {
  describeRequiring({ commands: ['squid', 'curl', 'krb5kdc', 'kadmin.local', 'kdb5_util', 'kinit'] }, NAME, tests);
}
