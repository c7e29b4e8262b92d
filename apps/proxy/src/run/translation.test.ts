import { createMemoryNetwork, type SessionRecord } from '@inband/core';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import { parseText } from '../config/read/locate.ts';
import { parseConfig } from '../config/parse-config.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { explain } from '../explain/explain.ts';
import { formatExplanation } from '../explain/explanation.ts';
import { createInband } from '../single/inband.ts';

type NatInput = NonNullable<ConfigInput['services'][string]['nat']>;

function forward(nat: NatInput, more: Partial<ConfigInput['services'][string]> = {}): ConfigInput {
  return {
    zones: { berlin: ['10.1.0.0/16'] },
    listeners: [{ bind: '127.0.0.1:3128', service: 'web' }],
    services: { web: { mode: 'forward', nat, routes: [{ chainer: { type: 'inband' } }], ...more } },
  };
}

const get = (host: string) => `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

async function problemsOf(nat: NatInput): Promise<string[]> {
  return createInband(forward(nat), { transport: createMemoryNetwork().transport() }).then(
    () => [],
    (error: unknown) => String(error instanceof Error ? error.message : error).split('\n'),
  );
}

describe('nat', () => {
  test('translates the connections of a service, and its session says from what', async () => {
    const network = createMemoryNetwork();
    const origin = await startOrigin(network, address('192.168.7.9', 8080), 'inside');
    const records: SessionRecord[] = [];
    const nat = [
      { dnat: { clients: ['berlin'], servers: '203.0.113.9', ports: [80, 81], to: '192.168.7.9:8080' } },
      { snat: { servers: '192.168.7.0/24', to: '192.168.7.1' } },
    ];
    const onSession = (record: SessionRecord) => void records.push(record);
    const inband = await createInband(forward(nat), { transport: network.transport(), onSession });
    const proxy = address('127.0.0.1', 3128);
    expect(await exchange(network, '10.1.0.5', proxy, get('203.0.113.9'))).toMatch(/^HTTP\/1.1 200 OK[^]*inside$/);
    // Of another zone: nothing is translated, and documentation addresses are for nobody.
    expect(await exchange(network, '10.2.0.5', proxy, get('203.0.113.9'))).toMatch(/^HTTP\/1.1 403 /);
    await inband.close();
    await origin.close();
    expect(records.map(({ session }) => [session.resolvedAddress, session.serverAddress])).toEqual([
      [address('203.0.113.9', 80), address('192.168.7.9', 8080)],
      [undefined, address('203.0.113.9', 80)],
    ]);
    expect(network.open).toBe(0);
  });

  test('every rule that cannot work is named, with its place', async () => {
    const problems = await problemsOf([
      { dnat: { servers: '203.0.113.0/24', network: '192.168.0.0/16' } },
      { dnat: { to: '10.0.0.1', pool: '10.0.0.2' } },
      { snat: { pool: ['10.0.0.1', 'fd00::1'] } },
      { snat: { to: '10.0.0.1' } },
      { dnat: { embedIn: '10.0.0.0/8' } },
    ]);
    expect(problems).toEqual([
      expect.stringMatching(/^services\.web\.nat\[0\]\.dnat\.network: .* must have the same length, \/24\.$/),
      expect.stringMatching(/^services\.web\.nat\[1\]\.dnat: A dnat rule needs exactly one of to, network, pool/),
      expect.stringMatching(/^services\.web\.nat\[2\]\.snat\.pool\[1\]: .* all be IPv4 or all IPv6\.$/),
      expect.stringMatching(/^services\.web\.nat\[4\]\.dnat\.embedIn: .* not a NAT64 prefix/),
    ]);
  });

  test.each<[string, NatInput[number], RegExp]>([
    ['neither dnat nor snat', {}, /^services\.web\.nat\[0\]: expected a mapping with either "dnat" or "snat"/],
    [
      'an unknown zone',
      { dnat: { clients: 'berln', to: '10.0.0.1' } },
      /clients: unknown zone "berln"; did you mean "berlin"\?/,
    ],
    ['no network', { snat: { servers: '10.0.0.0/33', to: '10.0.0.1' } }, /snat\.servers: The prefix length/],
    ['a bad range', { dnat: { ports: '90-80', to: '10.0.0.1' } }, /dnat\.ports.*: expected a port/],
  ])('%s is a problem of the configuration', async (_what, rule, message) => {
    expect(await problemsOf([rule])).toEqual([expect.stringMatching(message)]);
  });
});

describe('the examples of the documentation are right', () => {
  const pageOf = (name: string) => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');
  const yamlWith = (page: string, text: string): unknown => {
    const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, block = '']) => block);
    return parseText(blocks.find((block) => block.includes(text)) ?? '', 'yaml').value;
  };

  test('on the page configuration.md', async () => {
    const { nat } = z
      .object({ nat: z.custom<NatInput>(Array.isArray) })
      .parse(yamlWith(pageOf('configuration.md'), 'nat:'));
    expect(nat.length).toBeGreaterThan(3);
    expect(await problemsOf(nat)).toEqual([]);
  });

  test('on the page address-translation.md, as "explain" shows it there', async () => {
    const page = pageOf('address-translation.md');
    const value = {
      ...z.object({}).loose().parse(yamlWith(page, 'nat:')),
      listeners: [{ bind: ':3128', service: 'web' }],
    };
    const parsed = await parseConfig({ value, baseDirectory: '/' });
    const client = address('10.1.0.7', 40_000);
    const url = 'http://203.0.113.9/';
    const explanation = await explain(
      parsed,
      { value, baseDirectory: '/' },
      { client, listener: 0, method: 'GET', url },
    );
    const shown = /^server: .*$/m.exec(page)?.[0];
    expect(formatExplanation(explanation).split('\n')).toContain(shown);
  });
});

/** The warnings of a configuration in YAML: place and text. */
async function warningsOf(yaml: string): Promise<readonly string[]> {
  const { value, locate } = parseText(yaml, 'yaml');
  const { warnings } = await parseConfig({ value, locate, file: 'inband.yaml', baseDirectory: '/' });
  return warnings;
}

test('a dnat rule that comes after one that takes every server is a warning', async () => {
  const warnings = await warningsOf(
    [
      'listeners: [{ bind: "127.0.0.1:0", service: web }]',
      'services:',
      '  web:',
      '    mode: reverse',
      '    nat:',
      '      - dnat: { servers: 10.0.0.1, to: 10.0.0.2 }',
      '      - dnat: { embedIn: "64:ff9b::/96" }',
      '      - dnat: { to: 10.0.0.3 }',
      '      - snat: { to: 10.0.0.4 }',
      '      - dnat: { servers: 10.0.0.5, to: 10.0.0.6 }',
      '    routes: [{ chainer: { type: directed, remote: "10.0.0.9:80" } }]',
    ].join('\n'),
  );
  expect(warnings).toEqual([
    'inband.yaml:10:9: services.web.nat[4].dnat: warning: this rule is never reached: a dnat rule before it translates every server.',
  ]);
});

test('forgeAddr behind a unix socket is a warning', async () => {
  const warnings = await warningsOf(
    [
      'listeners: [{ bind: "127.0.0.1:0", service: web }, { bind: "unix:/run/inband.sock", service: web }]',
      'services:',
      '  web:',
      '    mode: reverse',
      '    routes: [{ chainer: { type: directed, remote: "10.0.0.9:80", forgeAddr: true } }]',
    ].join('\n'),
  );
  expect(warnings).toEqual([
    'inband.yaml:5:77: services.web.routes[0].chainer.forgeAddr: warning: requests from listeners[1] fail here: clients of a unix socket have no address to connect from.',
  ]);
});

test('forgeAddr of a nested chainer behind a unix socket is a warning, too', async () => {
  const chainer = '{ type: sidestack, service: inner, chainer: { type: inband, forgeAddr: true } }';
  const warnings = await warningsOf(
    [
      'listeners: [{ bind: "unix:/run/inband.sock", service: web }]',
      'services:',
      '  web:',
      '    mode: forward',
      `    routes: [{ chainer: ${chainer} }]`,
      '  inner: { mode: transparent }',
    ].join('\n'),
  );
  expect(warnings).toEqual([
    expect.stringMatching(
      /services\.web\.routes\[0\]\.chainer\.chainer\.forgeAddr: warning: requests from listeners\[0\] fail here/,
    ),
  ]);
});
