import { definePlugin } from '@inband/core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { parseText } from './read/locate.ts';
import { parseConfig } from './parse-config.ts';
import { ConfigError } from './problem/problem.ts';
import { defaultConfig } from './default-config.ts';

/** Parses YAML as the program does; gives the lines of the error instead of throwing it. */
async function problemsOf(yaml: string): Promise<readonly string[]> {
  const { value, locate, syntaxErrors } = parseText(yaml, 'yaml');
  expect(syntaxErrors).toEqual([]);
  try {
    await parseConfig({ value, locate, file: 'inband.yaml', baseDirectory: '/' });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const listeners = 'listeners: [{ bind: "127.0.0.1:0", service: web }]\n';

/** A configuration with one route, whose chainer is `chainer`. */
function withChainer(chainer: string): string {
  return `${listeners}services:\n  web:\n    mode: forward\n    routes:\n      - chainer: ${chainer}\n`;
}

describe('a configuration that is right', () => {
  test('is complete: every default is in it', async () => {
    const { config, warnings } = await parseConfig({ value: defaultConfig, baseDirectory: '/' });
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      workers: 1,
      transport: 'auto',
      log: { level: 'info', access: true },
      shutdown: { grace: 30_000 },
      serverPool: { idleTimeout: 30_000, maxIdlePerServer: 256, maxIdle: 2048 },
      resolver: { type: 'auto' },
      listeners: [{ bind: { family: 'inet', address: '127.0.0.1', port: 3128 }, service: 'default' }],
      services: { default: { proxy: 'http', mode: 'forward', access: [] } },
    });
  });

  test('has the options of its chainers as their schemas give them back', async () => {
    const { value } = parseText(withChainer('{ type: inband, connectTimeout: 3s }'), 'yaml');
    const { pluginOptions } = await parseConfig({ value, baseDirectory: '/' });
    expect(pluginOptions.get('services.web.routes[0].chainer')).toMatchObject({ connectTimeout: 3_000 });
  });

  test('has sizes and durations as numbers', async () => {
    const http = '    http: { maxRequestLine: 8KiB, maxBody: 1GiB, headerTimeout: 500ms, tunnelIdleTimeout: 2h }\n';
    const { value } = parseText(`${withChainer('{ type: inband }')}${http}`, 'yaml');
    const { config } = await parseConfig({ value, baseDirectory: '/' });
    expect(config.services.web?.http).toEqual({
      maxRequestLine: 8192,
      maxBody: 2 ** 30,
      headerTimeout: 500,
      tunnelIdleTimeout: 7_200_000,
    });
  });

  test('takes one value where a list may stand', async () => {
    const access = '    access: [{ allow: { clients: loopback, ports: 80, methods: [GET, HEAD] } }]\n';
    const { value } = parseText(`${withChainer('{ type: inband }')}${access}`, 'yaml');
    const { config } = await parseConfig({ value, baseDirectory: '/' });
    expect(config.services.web?.access[0]?.allow).toEqual({
      clients: ['loopback'],
      ports: [80],
      methods: ['GET', 'HEAD'],
    });
  });

  test('may use plugins that the program hands over', async () => {
    const plugin = definePlugin<{ speed: number }>({
      provides: 'chainer',
      kind: 'fast',
      schema: z.strictObject({ speed: z.number() }),
      create: () => ({ kind: 'fast', connectServer: () => Promise.reject(new Error('never called')) }),
    });
    const value = {
      listeners: [{ bind: '127.0.0.1:0', service: 'web' }],
      services: { web: { mode: 'forward', routes: [{ chainer: { type: 'fast', speed: 3 } }] } },
      plugins: [plugin],
    };
    const { pluginOptions } = await parseConfig({ value, baseDirectory: '/' });
    expect(pluginOptions.get('services.web.routes[0].chainer')).toEqual({ speed: 3 });
    await expect(parseConfig({ value: { ...value, plugins: [plugin, plugin] }, baseDirectory: '/' })).rejects.toThrow(
      'plugins[1]: this plugin cannot be used: There are two plugins for the chainer "fast".',
    );
  });
});

describe('a configuration that is wrong', () => {
  test('names file, line, column, path, what was expected and what was found', async () => {
    expect(await problemsOf(`${withChainer('{ type: inband }')}log: { level: loud }\n`)).toEqual([
      'inband.yaml:7:15: log.level: expected "debug", "info", "warn", "error" or "silent", found "loud".',
    ]);
  });

  test('names an unknown key, at the key, with the nearest known one', async () => {
    const yaml = `${listeners}services:\n  web:\n    mode: reverse\n    routes:\n      - chainner: { type: inband }\n`;
    expect(await problemsOf(yaml)).toEqual([
      'inband.yaml:6:9: services.web.routes[0].chainner: unknown key "chainner"; did you mean "chainer"?',
      'inband.yaml:6:9: services.web.routes[0].chainer: expected a mapping with the "type" of a chainer and its options, found nothing; only a service that a chainer stacks in another can do without.',
    ]);
  });

  test('lists the known keys where none is near', async () => {
    const [problem] = await problemsOf(`${withChainer('{ type: inband }')}shutdown: { bandwidth: 1 }\n`);
    expect(problem).toContain('shutdown.bandwidth: unknown key "bandwidth"; known here: grace, tunnels, listen.');
  });

  test('has the options of a chainer evaluated by the plugin, in place', async () => {
    expect(await problemsOf(withChainer('{ type: directed, remot: "10.0.0.1:80" }'))).toEqual([
      'inband.yaml:6:36: services.web.routes[0].chainer.remot: unknown key "remot"; did you mean "remote"?',
    ]);
    const [problem] = await problemsOf(withChainer('{ type: directed, remote: "10.0.0.1" }'));
    expect(problem).toMatch(
      /^inband.yaml:6:44: services.web.routes\[0\].chainer.remote: expected .*, found "10.0.0.1"\.$/,
    );
  });

  test('names an unknown chainer with the nearest', async () => {
    expect(await problemsOf(withChainer('{ type: failver, hosts: [] }'))).toEqual([
      'inband.yaml:6:26: services.web.routes[0].chainer.type: unknown chainer "failver"; did you mean "failover"?',
    ]);
  });

  test('is refused for local together with forgeAddr', async () => {
    const [problem] = await problemsOf(withChainer('{ type: inband, local: 127.0.0.1, forgeAddr: true }'));
    expect(problem).toContain('local and forgeAddr exclude each other');
  });

  test('says where in the configuration and where in the file a zone has something wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inband-zones-'));
    try {
      const file = join(folder, 'banned.txt');
      await writeFile(file, '10.0.0.0/8\n\n10.0.0.1/8\n');
      const zones = `zones: { a: { file: ${file} }, b: { file: [no.txt] }, c: { hosts: [ok.example, 192.0.2.1, '*.x'] } }\n`;
      expect(await problemsOf(`${withChainer('{ type: inband }')}${zones}`)).toEqual([
        `inband.yaml:7:21: zones.a.file: ${file}:3: "10.0.0.1/8" has bits set beyond its prefix: the network is 10.0.0.0/8, the single address 10.0.0.1.`,
        expect.stringMatching(/^inband\.yaml:7:\d+: zones\.b\.file\[0\]: no\.txt: the file cannot be read: ENOENT/),
        expect.stringMatching(/^inband\.yaml:7:\d+: zones\.c\.hosts\[1\]: "192\.0\.2\.1" is an address; /),
        expect.stringMatching(
          /^inband\.yaml:7:\d+: zones\.c\.hosts\[2\]: "\*\.x" stands for names that cannot be listed; /,
        ),
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('has a zone without anything to itself, and not too many names', async () => {
    const many = Array.from({ length: 257 }, (_, index) => `n${index}.example`);
    const zones = `zones: { group: {}, in: { parent: group }, typo: { hsots: [] }, many: { hosts: [${many.join(', ')}] } }\n`;
    expect(await problemsOf(`${withChainer('{ type: inband }')}${zones}`)).toEqual([
      'inband.yaml:7:52: zones.typo.hsots: unknown key "hsots"; did you mean "hosts"?',
      expect.stringMatching(/^inband\.yaml:7:\d+: zones\.many\.hosts: expected at most 256/),
    ]);
  });

  test('has every problem named in one run, in the order of the text', async () => {
    const problems = await problemsOf(
      [
        'workers: 0',
        'transport: epol',
        'zones: { dmz: [10.0.0.1/8], private: [], a: { addresses: [], parent: a } }',
        'plugins: [./there-is-no-such-plugin.ts]',
        'resolver: { type: dnss }',
        'listeners:',
        '  - { bind: "localhost:1", service: web }',
        '  - { bind: ":8080", service: wbe, transparent: redirected }',
        '  - { bind: "[::]:8080", service: web }',
        'services:',
        '  web:',
        '    mode: forwards',
        '    access:',
        '      - allow: { clients: [dmzz], servers: "10.0.0.0/99", ports: ["99-98"] }',
        '        deny: {}',
        '    routes:',
        '      - chainer: { type: inband, connectTimeout: soon }',
      ].join('\n'),
    );
    const places = problems.map((problem) => /^inband.yaml:(\d+):\d+: ([^:]+): /.exec(problem)?.slice(1).join(' '));
    expect(places).toEqual([
      '1 workers',
      '2 transport',
      '3 zones.dmz[0]',
      '3 zones.private',
      '3 zones.a.parent',
      '4 plugins[0]',
      '5 resolver.type',
      '7 listeners[0].bind',
      '8 listeners[1].service',
      '8 listeners[1].transparent',
      '9 listeners[2].bind',
      '12 services.web.mode',
      '14 services.web.access[0]',
      '14 services.web.access[0].allow.clients[0]',
      '14 services.web.access[0].allow.servers',
      '14 services.web.access[0].allow.ports[0]',
      '17 services.web.routes[0].chainer.connectTimeout',
    ]);
    expect(problems.join('\n')).toContain('unknown zone "dmzz"; did you mean "dmz"?');
    expect(problems.join('\n')).toContain('unknown service "wbe"; did you mean "web"?');
    expect(problems.join('\n')).toContain('listeners[1] binds [::]:8080 already.');
  });

  test('is told apart from one that is not there', async () => {
    expect(await problemsOf('')).toEqual([
      'inband.yaml: expected a configuration with "listeners" and "services", found an empty value.',
    ]);
  });

  test.each([
    ['maxBody: 1.5', 'expected a size such as 8KiB, 1MiB or a number of bytes, found 1.5.'],
    ['maxBody: -1', 'expected a size from 0B to 9007199254740991B, found -1.'],
    ['maxRequestLine: 1GiB', 'expected a size from 64B to 1MiB, found "1GiB".'],
    ['maxHeaderFields: 0', 'expected at least 1, found 0.'],
    ['maxHeaderFields: many', 'expected a number, found "many".'],
    ['via: "a b"', 'expected a token of RFC 9110: letters, digits and -._~, found "a b".'],
    ['connectPorts: [0]', 'connectPorts[0]: expected at least 1, found 0.'],
    ['connectPorts: all', 'expected a list of ports, or "any", found "all".'],
    ['idleTimeout: 0s', 'expected a duration from 1ms to 2147483647ms, found "0s".'],
  ])('says what is wrong with http: { %s }', async (setting, message) => {
    const [problem] = await problemsOf(`${withChainer('{ type: inband }')}    http: { ${setting} }\n`);
    expect(problem).toContain(message);
  });
});

test('what is suspicious is a warning', async () => {
  const yaml = [
    `${listeners}services:`,
    '  web:',
    '    mode: reverse',
    '    http: { connectPorts: any }',
    '    access: [{ deny: { users: [mallory] } }]',
    '    routes: [{ chainer: { type: inband } }, { chainer: { type: transparent } }]',
    '  idle: { mode: reverse, routes: [{ chainer: { type: inband } }] }',
  ].join('\n');
  const { value, locate } = parseText(yaml, 'yaml');
  const { warnings } = await parseConfig({ value, locate, file: 'inband.yaml', baseDirectory: '/' });
  expect(warnings.map((warning) => warning.replace(/: warning: .*/, ''))).toEqual([
    'inband.yaml:5:13: services.web.http.connectPorts',
    'inband.yaml:6:24: services.web.access[0].deny.users',
    'inband.yaml:7:45: services.web.routes[1]',
    'inband.yaml:7:64: services.web.routes[1].chainer.type',
    'inband.yaml:8:3: services.idle',
  ]);
});
