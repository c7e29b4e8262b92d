import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../load-config.ts';
import { ConfigError } from '../problem/problem.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-said-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is said of a file, its folder left out; empty when it is right. */
async function saidOf(name: string, content: string | Uint8Array): Promise<string[]> {
  const file = join(folder, name);
  await writeFile(file, content);
  try {
    await loadConfig(file);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((line) => line.replaceAll(`${folder}/`, ''));
  }
}

const RIGHT = `listeners: [{ bind: "127.0.0.1:0", service: web }]
services: { web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "192.0.2.1:80" } }] } }
`;

function withHttp(text: string): string {
  return RIGHT.replace('mode: reverse', `mode: reverse, http: { ${text} }`);
}

describe('sizes in other units', () => {
  test.each([
    ['10MB', '10MiB'],
    ['10 mb', '10MiB'],
    ['64k', '64KiB'],
    ['1g', '1GiB'],
    ['1024 bytes', '1024B'],
  ])('%s is answered with the question whether %s was meant', async (written, meant) => {
    const [line = '', ...more] = await saidOf('size.yaml', withHttp(`maxBody: "${written}"`));
    expect(more).toEqual([]);
    expect(line).toMatch(/^size.yaml:2:\d+: services.web.http.maxBody: expected a size such as 8KiB, 1MiB or a number/);
    expect(line).toContain(`, found "${written}"; did you mean "${meant}"?`);
  });

  test('what is no size at all gets no suggestion', async () => {
    const [line] = await saidOf('size.yaml', withHttp('maxBody: many'));
    expect(line).toMatch(/expected a size such as 8KiB, 1MiB or a number of bytes, found "many"\.$/);
  });
});

describe('bytes in a time in other units', () => {
  test.each([
    ['bandwidth: 20MB/s', 'bandwidth', '20MiB/s'],
    ['bandwidth: 20MiB', 'bandwidth', '20MiB/s'],
    ['bandwidth: { out: 512 kb/sec }', 'bandwidth.out', '512KiB/s'],
    ['quota: 50GB/day', 'quota', '50GiB/day'],
    ['quota: 50G/d', 'quota', '50GiB/day'],
  ])('%s is answered with what was meant', async (written, key, meant) => {
    const limits = RIGHT.replace('mode: reverse', `mode: reverse, limits: { perClient: { ${written} } }`);
    const [line = '', ...more] = await saidOf('bytes.yaml', limits);
    expect(more).toEqual([]);
    expect(line).toContain(`services.web.limits.perClient.${key}: expected bytes `);
    expect(line).toContain(`; did you mean "${meant}"?`);
  });

  test.each(['8Mbit/s', '1GiB/month'])('nothing is suggested for %s', async (written) => {
    const [line] = await saidOf(
      'bytes.yaml',
      RIGHT.replace('mode: reverse', `mode: reverse, limits: { bandwidth: ${written} }`),
    );
    expect(line).toContain(`found "${written}".`);
  });
});

describe('files that are not in UTF-8', () => {
  const utf16 = Buffer.from(`\ufeff${RIGHT}`, 'utf16le');
  test.each<[string, Uint8Array, string]>([
    ['UTF-16 as Windows writes it', utf16, 'it is in UTF-16; save it as UTF-8'],
    ['UTF-16, big end first', Buffer.from(utf16).swap16(), 'it is in UTF-16; save it as UTF-8'],
    ['UTF-16 without a mark', Buffer.from(RIGHT, 'utf16le'), 'it is in UTF-16; save it as UTF-8'],
    ['ISO 8859-1', Buffer.from(`${RIGHT}# caf\xe9\n`, 'latin1'), 'it is not in UTF-8 (see line 3); save it as UTF-8'],
  ])('%s is refused, and the encoding to save it in is named', async (_, content, reason) => {
    expect(await saidOf('text.yaml', content)).toEqual([`text.yaml: the file cannot be read: ${reason}.`]);
  });

  test('a mark of UTF-8 is no fault, in YAML nor in JSON', async () => {
    expect(await saidOf('mark.yaml', `\ufeff${RIGHT}`)).toEqual([]);
    const json =
      '\ufeff{"listeners": [{"bind": "127.0.0.1:0", "service": "a"}], "services": {"a": {"mode": "x", "routes": [{"chainer": {"type": "inband"}}]}}}';
    expect(await saidOf('mark.json', json)).toEqual([expect.stringContaining('services.a.mode: expected "forward"')]);
  });

  test('a file of networks says it too', async () => {
    await writeFile(join(folder, 'networks.txt'), Buffer.from('\ufeff192.0.2.0/24\n', 'utf16le'));
    const [line] = await saidOf('zone.yaml', `zones: { z: { file: networks.txt } }\n${RIGHT}`);
    expect(line).toContain('networks.txt: the file cannot be read: it is in UTF-16; save it as UTF-8.');
  });
});

describe('what is no JSON', () => {
  test.each([
    [
      '{\n  // why\n  "listeners": []\n}',
      '2:3: JSON has no comments; delete it, or give the file a name that ends in .yaml',
    ],
    ['{\n  "listeners": [] /* why */\n}', '2:19: JSON has no comments'],
    ['{ "listeners": [], }', '1:20: JSON has no comma behind the last item; delete it.'],
    ["{ 'listeners': [] }", '1:3: JSON has double quotes only.'],
    ['{ "listeners": [', '1:17: this is not valid JSON: Unexpected end of JSON input.'],
    ['{"listeners": [ // why\n]}', '1:17: JSON has no comments'],
    ['{"listeners": [1, 2 3]}', "1:21: this is not valid JSON: Expected ',' or ']' after array element."],
    ['listeners: []', '1:1: this is not valid JSON: Unexpected token'],
  ])('the fault of %j is named with its place', async (text, message) => {
    const [line, ...more] = await saidOf('c.json', text);
    expect(more).toEqual([]);
    expect(line).toContain(`c.json:${message}`);
  });
});

test('a rule with both allow and deny, or with neither', async () => {
  const access = (rule: string): string => RIGHT.replace('mode: reverse', `mode: reverse, access: [${rule}]`);
  expect(await saidOf('rule.yaml', access('{ allow: { clients: private }, deny: { ports: 25 } }'))).toEqual([
    expect.stringMatching(
      /expected .* either "allow" or "deny", found both; write two rules, each an item "- allow: …"/,
    ),
  ]);
  expect(await saidOf('rule.yaml', access('{}'))).toEqual([
    expect.stringMatching(/"allow" or "deny", found neither\.$/),
  ]);
});

describe('keys that are written otherwise', () => {
  test('are told once, and not missed as well', async () => {
    expect(await saidOf('keys.yaml', RIGHT.replace('listeners', 'listners'))).toEqual([
      'keys.yaml:1:1: listners: unknown key "listners"; did you mean "listeners"?',
    ]);
    expect(await saidOf('keys.yaml', RIGHT.replace('bind', 'bnd'))).toEqual([
      'keys.yaml:1:15: listeners[0].bnd: unknown key "bnd"; did you mean "bind"?',
    ]);
  });

  test('are told once also in a mapping that may be something else, and in one that then has none of some keys', async () => {
    const service = (text: string): string => RIGHT.replace('mode: reverse', `mode: reverse, ${text}`);
    expect(await saidOf('keys.yaml', service('trustedProxies: { frm: 10.0.0.1 }'))).toEqual([
      'keys.yaml:2:53: services.web.trustedProxies.frm: unknown key "frm"; did you mean "from"?',
    ]);
    expect(await saidOf('keys.yaml', service('access: [{ deny: { when: { tme: "08:00-09:00" } } }]'))).toEqual([
      'keys.yaml:2:62: services.web.access[0].deny.when.tme: unknown key "tme"; did you mean "time"?',
    ]);
    expect(await saidOf('keys.yaml', service('fields: { request: [{ sett: { a: b } }] }'))).toEqual([
      'keys.yaml:2:57: services.web.fields.request[0].sett: unknown key "sett"; did you mean "set"?',
    ]);
  });

  test('what is missing and not there otherwise is missed', async () => {
    const lines = await saidOf(
      'keys.yaml',
      RIGHT.replace(/^listeners.*\n/, 'listners: []\n').replace(/^services.*\n/m, ''),
    );
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).toContain('services: expected a mapping, found nothing');
  });
});

describe('plugins that are not there', () => {
  test.each([
    ['./nope.ts', 'there is no file nope.ts; paths are relative to the configuration.'],
    ['nope', 'run "npm install nope" there'],
    ['@scope/nope/sub', 'run "npm install @scope/nope" there'],
    ['plugin.yaml', 'a path begins with "../": write "./plugin.yaml".'],
  ])('for %s the error says what to do', async (plugin, remedy) => {
    const [line, ...more] = await saidOf('plugin.yaml', `plugins: ["${plugin}"]\n${RIGHT}`);
    expect(more).toEqual([]);
    expect(line).toContain(`the plugin "${plugin}" cannot be used: `);
    expect(line).toContain(remedy);
  });

  test('what a plugin itself imports in vain is told as it is', async () => {
    await writeFile(join(folder, 'importing.mjs'), "import 'nowhere-to-be-found';\n");
    const [line] = await saidOf('plugin.yaml', `plugins: ["./importing.mjs"]\n${RIGHT}`);
    expect(line).toContain("Cannot find package 'nowhere-to-be-found'");
  });
});

describe('servers that are written as URLs', () => {
  test.each(['https://shop.example', 'http://shop.example:8080/', 'https://[2001:db8::1]'])(
    '%s is right',
    async (remote) => {
      expect(await saidOf('server.yaml', RIGHT.replace('192.0.2.1:80', remote))).toEqual([]);
    },
  );

  test.each([
    ['https://shop.example/a/b', 'expected a server without a path: "https://shop.example"'],
    ['http://me@shop.example', 'expected a server without a user'],
    ['wss://shop.example', 'expected host:port without a scheme: "shop.example:443"'],
    ['ftp://shop.example', 'expected host:port without a scheme: "shop.example:80"'],
  ])('%s is refused, and what to write is said', async (remote, remedy) => {
    const [line, ...more] = await saidOf('server.yaml', RIGHT.replace('192.0.2.1:80', remote));
    expect(more).toEqual([]);
    expect(line).toContain(`chainer.remote: ${remedy}, found "${remote}".`);
  });
});

describe('a value of another kind than what is expected', () => {
  const chainer = (text: string): string => RIGHT.replace(/chainer: .*\} \}\] /, `chainer: ${text} }] `);
  test.each<[string, string, string]>([
    [
      'a port alone to listen on',
      RIGHT.replace('"127.0.0.1:0"', '3128'),
      'listeners[0].bind: expected an address to listen on: "127.0.0.1:3128", "[::1]:3128", ":3128", "unix:/path", "unix:@name" or "systemd:name", found 3128.',
    ],
    [
      'a text for a mapping',
      `resolver: dns\n${RIGHT}`,
      'resolver: expected a mapping with "type", "cache" or "limits", found "dns".',
    ],
    [
      'a number for a mapping',
      `limits: { perClient: 100 }\n${RIGHT}`,
      'limits.perClient: expected a mapping with "connections", found 100.',
    ],
    [
      'a text for an access rule',
      RIGHT.replace('mode: reverse', 'mode: reverse, access: [allow all]'),
      'services.web.access[0]: expected a mapping with "allow" or "deny", found "allow all".',
    ],
    [
      'an item of a list',
      withHttp('connectPorts: [443, https]'),
      'services.web.http.connectPorts[1]: expected a number, found "https".',
    ],
    [
      'a mapping for a server',
      chainer('{ type: failover, hosts: [{ host: a, port: 80 }] }'),
      'services.web.routes[0].chainer.hosts[0]: expected host:port, [IPv6]:port or unix:/path, with a port from 0 to 65535, found a mapping.',
    ],
  ])('the error says what %s is', async (_what, text, said) => {
    const [line = '', ...more] = await saidOf('kind.yaml', text);
    expect(more).toEqual([]);
    expect(line.replace(/^kind\.yaml:\d+:\d+: /, '')).toBe(said);
  });
});

describe('an option of another type', () => {
  test.each([
    ['resolver: { servers: [192.0.2.53] }', 'resolver.servers: "servers" is an option of "type: dns".'],
    ['resolver: { type: system, tries: 2 }', 'resolver.tries: "tries" is an option of "type: dns".'],
  ])('is named with the type that has it: %s', async (written, said) => {
    expect(await saidOf('type.yaml', `${written}\n${RIGHT}`)).toEqual([expect.stringContaining(said)]);
  });

  test('is named with the type of chainer that has it', async () => {
    const [line] = await saidOf('type.yaml', RIGHT.replace('type: directed', 'type: inband'));
    expect(line).toContain('chainer.remote: "remote" is an option of "type: directed".');
  });
});

test('a mapping in place of a list is told what it lacks', async () => {
  const trusted = RIGHT.replace('mode: reverse', 'mode: reverse, trustedProxies: { fields: forwarded }');
  expect(await saidOf('trusted.yaml', trusted)).toEqual([
    expect.stringMatching(/services\.web\.trustedProxies\.from: expected the name of a zone, .*, found nothing\.$/),
  ]);
});

test('times that name neither days nor a time of the day', async () => {
  const rule = (when: string): string =>
    RIGHT.replace('mode: reverse', `mode: reverse, access: [{ deny: { when: ${when} } }]`);
  for (const when of ['{}', '[{ timeZone: Europe/Berlin }]']) {
    expect(await saidOf('when.yaml', rule(when))).toEqual([
      expect.stringContaining('expected "days", "time" or both: without them it is always met'),
    ]);
  }
});

test('a filter that no plugin brings', async () => {
  expect(
    await saidOf('filter.yaml', RIGHT.replace('mode: reverse', 'mode: reverse, filters: [{ type: quiet }]')),
  ).toEqual([
    expect.stringContaining(
      'services.web.filters[0].type: unknown filter "quiet": a plugin brings it, and "plugins" lists none that brings any.',
    ),
  ]);
});
