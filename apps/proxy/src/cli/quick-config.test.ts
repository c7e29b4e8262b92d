import { describe, expect, test } from 'vitest';
import { parseConfig } from '../config/parse-config.ts';
import { parseText } from '../config/read/locate.ts';
import { configText } from './config-text.ts';
import { bindOf, quickConfig, type Wishes } from './quick-config.ts';

const forward: Wishes = { mode: 'forward', listen: undefined, servers: [], allow: [] };
const reverse: Wishes = { ...forward, mode: 'reverse', servers: ['10.0.0.1:80'] };

describe('bindOf', () => {
  test.each([
    [undefined, '127.0.0.1:3128'],
    ['8080', '127.0.0.1:8080'],
    ['localhost', '127.0.0.1:3128'],
    ['localhost:1', '127.0.0.1:1'],
    ['0.0.0.0', '0.0.0.0:3128'],
    ['::1', '[::1]:3128'],
    ['[::]', '[::]:3128'],
    [':80', ':80'],
    ['[::1]:80', '[::1]:80'],
    ['unix:/run/a.sock', 'unix:/run/a.sock'],
  ])('takes the address %j for %j', (text, bind) => {
    expect(bindOf(text, 3128)).toBe(bind);
  });

  test.each(['a.example:80', '99999', '1.2.3', 'http://127.0.0.1:80', ''])('refuses to listen on %j', (text) => {
    expect(() => bindOf(text, 3128)).toThrow(/^an address to listen on is written .*, found "/);
  });
});

describe('quickConfig', () => {
  test('is a forward proxy on loopback with the safe defaults', () => {
    expect(quickConfig(forward, undefined)).toEqual({
      listeners: [{ bind: '127.0.0.1:3128', service: 'clients' }],
      services: { clients: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
    });
  });

  test('takes one server, or a pool of several', () => {
    expect(quickConfig(reverse, undefined)).toMatchObject({
      listeners: [{ bind: '127.0.0.1:8080' }],
      services: { web: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: '10.0.0.1:80' } }] } },
    });
    expect(quickConfig({ ...reverse, servers: ['a:1', 'b:2'] }, undefined)).toMatchObject({
      services: { web: { routes: [{ chainer: { type: 'pool', servers: ['a:1', 'b:2'] } }] } },
    });
  });

  test('serves nobody else once it is said who is served', () => {
    expect(quickConfig({ ...forward, allow: ['10.0.0.0/8', '::1'] }, undefined)).toMatchObject({
      services: { clients: { access: [{ allow: { clients: ['10.0.0.0/8', '::1'] } }, { deny: {} }] } },
    });
  });

  test('listens on the port of the environment unless it is told another', () => {
    expect(quickConfig(forward, '5000').listeners[0]?.bind).toBe('127.0.0.1:5000');
    expect(quickConfig({ ...forward, listen: '0.0.0.0' }, '5000').listeners[0]?.bind).toBe('0.0.0.0:5000');
    expect(quickConfig({ ...forward, listen: ':1' }, '5000').listeners[0]?.bind).toBe(':1');
    expect(quickConfig(forward, '').listeners[0]?.bind).toBe('127.0.0.1:3128');
    expect(() => quickConfig(forward, 'tcp://10.0.0.1:80')).toThrow('the environment variable PORT is no port');
  });

  test.each([
    ['debug', { level: 'debug' }],
    ['text', { format: 'text' }],
    ['json, warn', { level: 'warn', format: 'json' }],
  ])('logs as %j says', (log, expected) => {
    expect(quickConfig({ ...forward, log }, undefined).log).toEqual(expected);
  });

  test('leaves formats that nobody knows to the schema', async () => {
    const value = quickConfig({ ...forward, log: 'txt' }, undefined);
    await expect(parseConfig({ value, baseDirectory: '/' })).rejects.toThrow(/^log\.format: expected .*found "txt"/);
    expect(() => quickConfig({ ...forward, log: 'text,json' }, undefined)).toThrow('a level and a format at most');
  });
});

test.each([
  ['forward', { ...forward, allow: ['10.0.0.0/8'], log: 'info' }],
  ['reverse', { ...reverse, servers: ['a:1', 'b:2'], listen: '[::1]:80' }],
] as const)('the text of a %s proxy is the same configuration, with comments', async (_name, wishes) => {
  const config = quickConfig(wishes, undefined);
  const text = configText(config, 'one\ntwo');
  expect(text).toMatch(/^# one\n# two\n\n# Where clients are accepted/);
  expect(text.match(/^ *#/gm)?.length).toBeGreaterThan(5);
  const { value, syntaxErrors } = parseText(text, 'yaml');
  expect({ value, syntaxErrors }).toEqual({ value: config, syntaxErrors: [] });
  expect((await parseConfig({ value, baseDirectory: '/' })).warnings).toEqual([]);
});

describe('a parent', () => {
  const chainerOf = (wishes: Wishes) => Object.values(quickConfig(wishes, undefined).services)[0]?.routes?.[0]?.chainer;
  const accessOf = (wishes: Wishes) => Object.values(quickConfig(wishes, undefined).services)[0]?.access;

  test('is asked for what clients ask for, by name, and those that are served may ask for every name', () => {
    const wishes = { ...forward, parent: 'http://ann:pw%40@10.0.0.1:3128' };
    expect(chainerOf(wishes)).toEqual({
      type: 'parent',
      protocol: 'http',
      servers: ['10.0.0.1:3128'],
      auth: { user: 'ann', password: 'pw@' },
    });
    expect(accessOf(wishes)).toEqual([{ allow: { clients: ['loopback', 'private'], hosts: '*' } }]);
    expect(accessOf({ ...wishes, allow: ['10.0.0.0/8'] })).toEqual([
      { allow: { clients: ['10.0.0.0/8'], hosts: '*' } },
      { deny: {} },
    ]);
  });

  test('for which names are resolved here needs no such rule', () => {
    const wishes = { ...forward, parent: 'socks5://127.0.0.1' };
    expect(chainerOf(wishes)).toEqual({
      type: 'parent',
      protocol: 'socks5',
      servers: ['127.0.0.1:1080'],
      resolve: 'local',
    });
    expect(accessOf(wishes)).toBeUndefined();
  });

  test('is what the servers of a reverse proxy are reached through', () => {
    const wishes = { ...reverse, parent: 'socks5h://127.0.0.1:9050' };
    expect(chainerOf(wishes)).toMatchObject({
      type: 'parent',
      protocol: 'socks5',
      // oxlint-disable-next-line unicorn/no-thenable -- an option, and no function
      then: { type: 'directed', remote: '10.0.0.1:80' },
    });
    expect(accessOf(wishes)).toBeUndefined();
  });

  test('is the one that the environment names', () => {
    expect(chainerOf({ ...forward, parent: 'env' })).toEqual({ type: 'environment' });
    expect(accessOf({ ...forward, parent: 'env' })).toHaveLength(1);
    expect(() => quickConfig({ ...reverse, parent: 'env' }, undefined)).toThrow('--parent env says by which proxy');
  });

  test.each(['', 'ftp://a.example', 'http://'])('is not %j', (parent) => {
    expect(() => quickConfig({ ...forward, parent }, undefined)).toThrow(/^--parent: /);
  });

  test.each([
    'http://10.0.0.1:3128',
    'https://ann:pw@a.example',
    'socks4a://a.example',
    'socks5h://ann:pw@[::1]',
    'env',
  ])('%s makes a configuration that is right', async (parent) => {
    const { warnings } = await parseConfig({
      value: quickConfig({ ...forward, parent }, undefined),
      baseDirectory: '/',
    });
    expect(warnings).toEqual([]);
  });
});
