import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { ConfigInput } from 'inband';
import { freePorts } from '../../packages/core/test-support/free-port.ts';
import { startProgram } from '../e2e/program.ts';
import { PEBBLE, Pebble } from './pebble.ts';
import { describeRequiring } from '../support/requires.ts';

describeRequiring(PEBBLE, 'the program with pebble', () => {
  let folder: string;
  let pebble: Pebble;
  let httpPort = 0;
  let tlsPort = 0;
  let ends: (() => Promise<unknown>)[] = [];
  const lab = { defer: (end: () => unknown) => void ends.push(async () => end()) };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inband-acme-'));
    [httpPort = 0, tlsPort = 0] = await freePorts(2);
    pebble = await Pebble.start({ httpPort, tlsPort });
    await writeFile(join(folder, 'ca.pem'), pebble.ca);
  });
  afterEach(async () => {
    for (const end of ends.toReversed()) await end();
    ends = [];
  });
  afterAll(async () => {
    await pebble.close();
    await rm(folder, { recursive: true });
  });

  let tries = 0;
  /** The name of a state folder: each try has its own, without certificates. */
  function newState(): string {
    tries += 1;
    return `state-${String(tries)}`;
  }

  function config(state: string, hosts: string[], more: Partial<ConfigInput> = {}): ConfigInput {
    return {
      listeners: [{ bind: `127.0.0.1:${String(httpPort)}`, service: 'web' }],
      // Nobody is let in but a CA.
      services: {
        web: {
          mode: 'reverse',
          access: [{ deny: {} }],
          routes: [{ chainer: { type: 'directed', remote: '127.0.0.1:9' } }],
        },
      },
      admin: { bind: `unix:${join(folder, `${state}.sock`)}` },
      acme: {
        directory: pebble.directory,
        email: 'ops@example.com',
        hosts,
        challenge: 'http-01',
        state: join(folder, state),
        ca: join(folder, 'ca.pem'),
      },
      ...more,
    };
  }

  /** The certificates in a state folder, by the names of their files. */
  async function certificatesIn(state: string): Promise<Record<string, X509Certificate>> {
    const [ca = ''] = await readdir(join(folder, state));
    const at = join(folder, state, ca, 'certificates');
    const all = (await readdir(at)).map(async (file) => {
      const text = await readFile(join(at, file), 'utf8');
      return [file, new X509Certificate(text.slice(text.indexOf('-----BEGIN CERT')))] as const;
    });
    return Object.fromEntries(await Promise.all(all));
  }

  function ask(state: string, path: string): Promise<Record<string, unknown>> {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    const asked = httpRequest({ socketPath: join(folder, `${state}.sock`), path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(JSON.parse(text) as Record<string, unknown>));
    });
    asked.on('error', reject).end();
    return promise;
  }

  test('one process gets its certificates by http-01, says so, and has them after a new start', async () => {
    const state = newState();
    const first = await startProgram(lab, config(state, ['one.example', 'two.example']));
    const issued = await first.logged('acme: a certificate was issued', 2);
    expect(issued.map(({ hosts }) => String(hosts)).toSorted()).toEqual(['one.example', 'two.example']);
    const { acme } = await ask(state, '/certificates');
    expect(acme).toMatchObject([
      { hosts: ['one.example'], error: null },
      { hosts: ['two.example'], error: null },
    ]);
    const before = await certificatesIn(state);
    expect(before['one.example.pem']?.subjectAltName).toBe('DNS:one.example');
    first.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ status: 0, stderr: '' });
    const again = await startProgram(lab, config(state, ['one.example', 'two.example']));
    const { acme: kept } = await ask(state, '/certificates');
    expect(kept).toMatchObject([{ hosts: ['one.example'] }, { hosts: ['two.example'] }]);
    again.kill('SIGTERM');
    await again.ended;
    const after = await certificatesIn(state);
    expect(after['one.example.pem']?.fingerprint256).toBe(before['one.example.pem']?.fingerprint256);
  });

  /** The name in the certificate that a client of the TLS listener gets, or the alert. */
  function nameAt(servername: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect({ host: '127.0.0.1', port: tlsPort, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.subjectAltName ?? 'none');
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message));
    return promise;
  }

  test('workers answer a CA at a TLS listener, order what clients ask for first, and a reload brings another host', async () => {
    const { acme, ...rest } = config(newState(), ['one.example'], { workers: 2, reload: { watch: true } });
    const onDemand = { allow: ['*.shops.example'] };
    const write = (hosts: string[]): Promise<void> => {
      const text = JSON.stringify({ acme: { ...acme, hosts, onDemand, challenge: 'tls-alpn-01' } });
      return writeFile(join(folder, 'many.json'), text);
    };
    await write(['one.example']);
    const included = { ...rest, include: join(folder, 'many.json') };
    const listeners = [{ bind: `127.0.0.1:${String(tlsPort)}`, service: 'web', tls: {} }];
    const program = await startProgram(lab, { ...included, listeners });
    await program.logged('acme: a certificate was issued');
    // Workers are told of a certificate when it is written.
    await vi.waitFor(async () => expect(await nameAt('one.example')).toBe('DNS:one.example'));
    const asked = await Promise.all(['a', 'a', 'b'].map((label) => nameAt(`${label}.shops.example`)));
    expect(asked).toEqual(['DNS:a.shops.example', 'DNS:a.shops.example', 'DNS:b.shops.example']);
    expect(await nameAt('three.example')).toContain('unrecognized');
    await write(['one.example', 'three.example']);
    await vi.waitFor(async () => expect(await nameAt('three.example')).toBe('DNS:three.example'));
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
  });

  test('a state folder that cannot be written is an error at its place', async () => {
    await writeFile(join(folder, 'file'), '');
    const start = startProgram(lab, config('file/below', ['one.example']));
    await expect(start).rejects.toThrow(/acme\.state/u);
  });
});
