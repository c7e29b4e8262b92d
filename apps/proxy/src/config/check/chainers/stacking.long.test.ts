import { definePlugin } from '@inband/core';
import { nestedChainer } from '@inband/chainers';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { parseText } from '../../read/locate.ts';
import { parseConfig } from '../../parse-config.ts';
import { ConfigError } from '../../problem/problem.ts';

const both = definePlugin<object>({
  provides: 'chainer',
  kind: 'both',
  schema: z.strictObject({ chainers: z.array(nestedChainer), through: z.string().optional() }),
  nested: ['chainers'],
  stacks: ['through'],
  create: () => ({ kind: 'both', connectServer: () => Promise.reject(new Error('never called')) }),
});

/** Gives the lines of the error, or of the warnings. */
async function problemsOf(services: string): Promise<readonly string[]> {
  const yaml = `listeners: [{ bind: "127.0.0.1:0", service: out }]\nservices:\n${services}`;
  const { value, locate, syntaxErrors } = parseText(yaml, 'yaml');
  expect(syntaxErrors).toEqual([]);
  const withPlugin = { ...(value as object), plugins: [both] };
  try {
    return (await parseConfig({ value: withPlugin, locate, file: 'c.yaml', baseDirectory: '/' })).warnings;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const outer = (chainer: string): string => `  out: { mode: forward, routes: [{ chainer: ${chainer} }] }\n`;
const through = (service: string, chainer = '{ type: inband }'): string =>
  `{ type: sidestack, service: ${service}, chainer: ${chainer} }`;

describe('a service that a chainer stacks in another', () => {
  test('may do without routes, without chainers and without a listener', async () => {
    expect(await problemsOf(`${outer(through('in'))}  in: { mode: transparent }\n`)).toEqual([]);
    expect(
      await problemsOf(`${outer(through('in'))}  in: { mode: transparent, routes: [{ match: { path: /a } }] }\n`),
    ).toEqual([]);
    expect(await problemsOf(`${outer(through('in'))}  in: { proxy: tls }\n`)).toEqual([]);
  });

  test('may be one of several, within each other', async () => {
    const chainer = through('one', through('two'));
    expect(await problemsOf(`${outer(chainer)}  one: { mode: transparent }\n  two: { mode: transparent }\n`)).toEqual(
      [],
    );
  });

  test('may be named by a plugin, and by chainers that are nested in one', async () => {
    const chainer = `{ type: both, through: one, chainers: [{ type: inband }, ${through('two')}] }`;
    expect(await problemsOf(`${outer(chainer)}  one: { mode: transparent }\n  two: { mode: transparent }\n`)).toEqual(
      [],
    );
  });

  test('must exist: the error names the nearest', async () => {
    expect(await problemsOf(`${outer(through('iner'))}  inner: { mode: transparent }\n`)).toEqual([
      'c.yaml:3:73: services.out.routes[0].chainer.service: unknown service "iner"; did you mean "inner"?',
    ]);
  });

  test('with a listener as well is warned of, where requests of the listener have no server', async () => {
    expect(
      await problemsOf(
        `  out: { mode: forward, routes: [{ match: { port: 80 } , chainer: ${through('out2')} }, {}] }\n  out2: { mode: forward }\n`,
      ),
    ).toEqual([expect.stringContaining('services.out.routes[1].chainer: expected a mapping')]);
    const listeners = 'listeners: [{ bind: "127.0.0.1:0", service: a }, { bind: "127.0.0.1:0", service: b }]';
    const services = `services: { a: { mode: forward, routes: [{ chainer: ${through('b')} }] }, b: { mode: reverse } }`;
    const { warnings } = await parseConfig({
      value: parseText(`${listeners}\n${services}`, 'yaml').value,
      baseDirectory: '/',
    });
    expect(warnings).toEqual([
      'services.b.routes[0].chainer: warning: a request that comes from a listener fails here: only stacked ones bring their server with them.',
    ]);
  });
});

describe('a service that nothing stacks', () => {
  test('cannot do without a chainer', async () => {
    expect(await problemsOf(outer('{ type: none }'))).toEqual([
      'c.yaml:3:53: services.out.routes[0].chainer.type: every request fails here: this is for a service that a chainer stacks in another.',
    ]);
    expect(await problemsOf('  out: { mode: forward }\n')).toEqual([
      expect.stringMatching(
        /^c\.yaml:3:8: services\.out\.routes\[0\]\.chainer: expected a mapping with the "type" of a chainer and its options, found nothing; /,
      ),
    ]);
  });

  test('is warned of when no listener uses it either', async () => {
    expect(await problemsOf(`${outer('{ type: inband }')}  in: { mode: transparent }\n`)).toEqual([
      'c.yaml:4:3: services.in: warning: no listener uses this service, and no chainer stacks it in another.',
    ]);
  });
});

describe('circles', () => {
  test('of one service are refused', async () => {
    expect(await problemsOf(outer(through('out')))).toEqual([
      'c.yaml:3:73: services.out.routes[0].chainer.service: there is no end to this: "out", in which "out" is stacked.',
    ]);
  });

  test('of several are refused, at each place that is part of one, with the way', async () => {
    const middle = `  a: { mode: transparent, routes: [{ chainer: ${through('b')} }] }\n  b: { mode: transparent, routes: [{ chainer: ${through('a')} }] }\n`;
    expect(await problemsOf(`${outer(through('a'))}${middle}`)).toEqual([
      expect.stringMatching(
        /services\.a\.routes\[0\]\.chainer\.service: there is no end to this: "a", in which "b", in which "a" is stacked\.$/,
      ),
      expect.stringMatching(
        /services\.b\.routes\[0\]\.chainer\.service: there is no end to this: "b", in which "a", in which "b" is stacked\.$/,
      ),
    ]);
  });

  test('through a nested chainer are refused', async () => {
    const chainer = `{ type: both, chainers: [{ type: inband }, ${through('out')}] }`;
    expect(await problemsOf(outer(chainer))).toEqual([
      expect.stringMatching(/services\.out\.routes\[0\]\.chainer\.chainers\[1\]\.service: there is no end to this/),
    ]);
  });

  test('of nothing but aliases are refused', async () => {
    const chainer: Record<string, unknown> = { type: 'sidestack', service: 'in' };
    chainer.chainer = chainer;
    const value = {
      listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
      services: { out: { mode: 'forward', routes: [{ chainer }] }, in: { mode: 'transparent' } },
    };
    await expect(parseConfig({ value, baseDirectory: '/' })).rejects.toThrow(
      'services.out.routes[0].chainer.chainer: this is services.out.routes[0].chainer, which contains itself here.',
    );
  });
});

test('chainers that are nested more than 30 deep are refused', async () => {
  let chainer: Record<string, unknown> = { type: 'inband' };
  for (let level = 0; level < 40; level += 1) chainer = { type: 'sidestack', service: 'in', chainer };
  const value = {
    listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
    services: { out: { mode: 'forward', routes: [{ chainer }] }, in: { mode: 'transparent' } },
  };
  await expect(parseConfig({ value, baseDirectory: '/' })).rejects.toThrow('chainers are nested too deep');
});

describe('the options of a nested chainer', () => {
  const inner = '  in: { mode: transparent }\n';

  test.each([
    ['{ type: directed }', 'services.out.routes[0].chainer.chainer.remote: expected a text, found nothing.'],
    [
      '{ type: directd }',
      'services.out.routes[0].chainer.chainer.type: unknown chainer "directd"; did you mean "directed"?',
    ],
    [
      '{ type: inband, conectTimeout: 1s }',
      'services.out.routes[0].chainer.chainer.conectTimeout: unknown key "conectTimeout"; did you mean "connectTimeout"?',
    ],
    ['{}', 'services.out.routes[0].chainer.chainer.type: expected a text, found nothing.'],
    [
      'inband',
      'services.out.routes[0].chainer.chainer: there is no "chainers" in which "inband" could be; a chainer is a mapping with its "type" and its options.',
    ],
  ])('%s are evaluated in their place', async (chainer, problem) => {
    const problems = await problemsOf(`${outer(through('in', chainer))}${inner}`);
    expect(problems).toEqual([expect.stringMatching(/^c\.yaml:3:\d+: /)]);
    expect(problems[0]).toContain(problem);
  });

  test('are as the schema of the nested chainer gives them back', async () => {
    const services = `services: { out: { mode: forward, routes: [{ chainer: ${through('in', '{ type: inband, connectTimeout: 3s }')} }] }, in: { mode: transparent } }`;
    const { value } = parseText(`listeners: [{ bind: "127.0.0.1:0", service: out }]\n${services}`, 'yaml');
    const { pluginOptions } = await parseConfig({ value, baseDirectory: '/' });
    expect(pluginOptions.get('services.out.routes[0].chainer.chainer')).toMatchObject({ connectTimeout: 3_000 });
  });
});

describe('a TLS guard', () => {
  const guard = (settings: string): Promise<readonly string[]> =>
    problemsOf(`${outer(through('in'))}  in: { proxy: tls${settings} }\n`);

  test.each([
    [', mode: reverse', 'services.in.mode: a TLS guard is always "transparent".'],
    [', http: { via: x }', 'services.in.http: these are settings of an HTTP service, and this one is a TLS guard.'],
    [', tls: { allow: [] }', 'services.in.tls.allow: expected at least 1 items, found an empty list.'],
    [', tls: { helloTimeout: soon }', 'services.in.tls.helloTimeout: expected a duration'],
    [', tls: { alow: x }', 'services.in.tls.alow: unknown key "alow"; did you mean "allow"?'],
  ])('with { %s } is refused', async (settings, problem) => {
    expect((await guard(settings)).join('\n')).toContain(problem);
  });

  test('takes one name or a list, and needs no mode', async () => {
    expect(await guard(', tls: { allow: "*.cdn.example", helloTimeout: 2s }')).toEqual([]);
    expect(await guard(', mode: transparent, tls: { allow: [a.example, b.example] }')).toEqual([]);
  });

  test('has settings that an HTTP service has not', async () => {
    expect(await problemsOf(`${outer(through('in'))}  in: { mode: transparent, tls: { allow: a } }\n`)).toEqual([
      expect.stringContaining(
        'services.in.tls: these are settings of a TLS guard, which "proxy: tls" would make of this service.',
      ),
    ]);
  });
});

describe('the time limits of a tunnel and of the answers inside it', () => {
  const inside = (outerHttp: string, innerHttp: string, match = ''): Promise<readonly string[]> =>
    problemsOf(
      `  out: { mode: forward, http: { ${outerHttp} }, routes: [{ ${match}chainer: ${through('in')} }] }\n` +
        `  in: { mode: transparent, http: { ${innerHttp} } }\n`,
    );

  test('may be the defaults, or a tunnel that lives as long as an answer takes', async () => {
    expect(await inside('', '')).toEqual([]);
    expect(await inside('tunnelIdleTimeout: 20m', 'responseTimeout: 20m')).toEqual([]);
  });

  test('are warned of where the tunnel ends first, in the place that was written', async () => {
    expect(await inside('tunnelIdleTimeout: 10s', '')).toEqual([
      expect.stringMatching(
        /^c\.yaml:3:\d+: services\.out\.http\.tunnelIdleTimeout: warning: a tunnel in which nothing moves is closed after 10000 ms, while the service "in" inside it waits for an answer for \d+ ms \(services\.in\.http\.responseTimeout\)/,
      ),
    ]);
    expect(await inside('', 'responseTimeout: 1h')).toEqual([
      expect.stringMatching(
        /^c\.yaml:4:\d+: services\.in\.http\.responseTimeout: warning: .*600000 ms \(services\.out\.http\.tunnelIdleTimeout\)/,
      ),
    ]);
  });

  test('do not matter where no tunnel is opened, and to a TLS guard', async () => {
    expect(await inside('tunnelIdleTimeout: 10s', '', 'match: { method: GET }, ')).toEqual([]);
    expect(await inside('tunnelIdleTimeout: 10s', '', 'match: { method: [CONNECT] }, ')).toHaveLength(1);
    expect(
      await problemsOf(
        `  out: { mode: forward, http: { tunnelIdleTimeout: 1s }, routes: [{ chainer: ${through('in')} }] }\n  in: { proxy: tls }\n`,
      ),
    ).toEqual([]);
  });
});
