import { expect, test } from 'vitest';
import { parseText } from '../read/locate.ts';
import { parseConfig } from '../parse-config.ts';
import { ConfigError } from '../problem/problem.ts';

const services = `
services:
  web: { mode: reverse, routes: [{ chainer: { type: directed, remote: "unix:@app" } }] }
`;

async function problemsOf(listener: string): Promise<readonly string[]> {
  const { value, locate } = parseText(`listeners:\n  - ${listener}${services}`, 'yaml');
  try {
    await parseConfig({ value, locate, file: 'inband.yaml', baseDirectory: '/' });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test('a unix listener says who may connect', async () => {
  const { value } = parseText(
    `listeners:\n  - { bind: "unix:/run/a.sock", service: web, mode: "0660", user: proxy, group: 33 }${services}`,
    'yaml',
  );
  const { config } = await parseConfig({ value, baseDirectory: '/' });
  expect(config.listeners).toMatchObject([{ mode: 0o660, user: 'proxy', group: 33 }]);
});

test.each([
  ['a number, which YAML may have read in another base', '0660', /in quotes: "0660", found 660/],
  ['no mode', '"rw"', /three octal digits/],
  ['one with more bits', '"4755"', /three octal digits/],
])('the mode is refused as %s', async (_name, mode, expected) => {
  const problems = await problemsOf(`{ bind: "unix:/run/a.sock", service: web, mode: ${mode} }`);
  expect(problems.join('\n')).toMatch(expected);
});

test.each([
  ['127.0.0.1:3128', /listeners\[0\]\.mode: this is no file; "mode" is for "unix:\/path"/],
  ['unix:@name', /listeners\[0\]\.mode: an abstract name has no file; every user may connect/],
])('what has no file has no mode: %s', async (bind, expected) => {
  const problems = await problemsOf(`{ bind: "${bind}", service: web, mode: "0660" }`);
  expect(problems.join('\n')).toMatch(expected);
});

test.runIf(process.platform === 'linux')('a path that is too long is told the limit', async () => {
  const problems = await problemsOf(`{ bind: "unix:/${'x'.repeat(120)}", service: web }`);
  expect(problems.join('\n')).toMatch(
    /listeners\[0\]\.bind: .* at most 107 bytes on this system, and this one has 121/,
  );
});

test('a socket of systemd takes its access from its unit, and is bound once', async () => {
  const mode = await problemsOf('{ bind: "systemd:web", service: web, mode: "0660" }');
  expect(mode.join('\n')).toMatch(/mode: the socket unit says who may connect \(SocketMode=/);
  const twice = await problemsOf('{ bind: "systemd:web", service: web }\n  - { bind: "systemd:web", service: web }');
  expect(twice.join('\n')).toMatch(/listeners\[1\]\.bind: listeners\[0\] binds systemd:web already/);
  const several = await problemsOf('{ bind: "systemd:a:b", service: web }');
  expect(several.join('\n')).toMatch(/1 to 255 printable characters/);
});
