import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Case, expand, type Expectation, isLeftOut, loadCases, type Places } from './cases.ts';
import { DIFFERENCES } from './differences.ts';
import { memoryNet } from './net.ts';
import { runCase } from './run-case.ts';
import { VANTAGES } from './vantage.ts';
import { fastVariantsOf, slowVariantsOf, variantsOf } from './variants.ts';

const PLACES: Places = {
  host: 'a.test:81',
  hostname: 'a.test',
  port: 81,
  proxy: '127.0.0.1:1',
  proxyPort: 1,
  via: 'me',
};

const cases = loadCases();
const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');

function named(id: string): Case {
  return cases.find((each) => each.id === id)!;
}

describe('which cases are run', () => {
  test('not in this version: parent proxies, by name', () => {
    expect(cases.filter(isLeftOut).map(({ id, needs }) => `${needs}: ${id}`)).toEqual([
      'parent-proxy: cx-parent-non2xx',
      'parent-proxy: cx-parent-204',
      'parent-proxy: cx-parent-nul',
      'parent-proxy: cx-parent-silent',
    ]);
  });

  test('all others are run, and the page says how many', () => {
    const run = cases.filter((each) => !isLeftOut(each));
    expect(page).toContain(`${cases.length} cases, ${run.length} of them`);
  });

  test('ids are unique', () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  });

  test('the fast and the slow tier together run each in every way, and in none twice', () => {
    for (const oneCase of cases) {
      const names = [...fastVariantsOf(oneCase), ...slowVariantsOf(oneCase)].map(({ name }) => name);
      expect(names.toSorted()).toEqual(
        variantsOf(oneCase)
          .map(({ name }) => name)
          .toSorted(),
      );
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test('the page lists the deliberate differences', () => {
    const [, section = ''] = page.split('## Deliberate differences');
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.map((row) => /`([^`]+)`/.exec(row)![1])).toEqual(DIFFERENCES.map(({ id }) => id));
  });
});

describe('placeholders', () => {
  test.each([
    ['{HOST} {HOSTNAME} {PORT} {PROXY} {PROXYPORT} {VIA}', 'a.test:81 a.test 81 127.0.0.1:1 1 me'],
    ['{REP|ab|3}', 'ababab'],
    ['{REP|{PORT}\r\n|2}', '81\r\n81\r\n'],
    ['L: {LEN}\r\n\r\n{REP|x|7}', 'L: 7\r\n\r\nxxxxxxx'],
  ])('in %j are filled in', (text, expanded) => {
    expect(expand(text, PLACES)).toBe(expanded);
  });
});

/** Whether the case passes, byte by byte, when something else is expected of it. */
async function passes(id: string, changes: Partial<Expectation>, case_: Partial<Case> = {}): Promise<boolean> {
  const oneCase = { ...named(id), ...case_, expect: { ...named(id).expect, ...changes } };
  const variant = variantsOf(oneCase)[2]!;
  // A failure waits for what does not come, so this is not long where one is expected.
  const isChanged = Object.keys(changes).length > 0 || case_.bytes !== undefined;
  return (await runCase(oneCase, variant, memoryNet(variant.split()), isChanged ? 1_000 : undefined)).ok;
}

describe.concurrent('a verdict can fail', () => {
  test.each<[why: string, id: string, changes: Partial<Expectation>]>([
    ['a served request that should be refused', 'ok-get', { kind: 'reject', status: [400] }],
    ['a served request that should only be closed', 'ok-get', { kind: 'close' }],
    ['a refused request that should be served', 'rl-http09', { kind: 'forward' }],
    ['another status', 'rl-http09', { status: [431] }],
    ['a byte that is missing at the origin', 'ok-get', { mustContain: ['PUT '] }],
    ['a byte that must not be at the origin', 'ok-get', { mustNotContain: ['host:'] }],
    ['content that must not be at the origin, cut into chunks', 'ok-post-chunked', { mustNotContain: ['HELLO'] }],
    [
      'a message that was not to be completed',
      'ok-post-chunked',
      { kind: 'reject', status: [200], partial: true, keepAlive: true },
    ],
    ['a head that reached the origin before the refusal', 'ck-spill', { partial: false }],
    ['a connection that stays open', 'uri-options-star', { keepAlive: false }],
    ['one refusal where two answers are expected', 'rl-http09', { okThenReject: true }],
    ['a tunnel that should be refused', 'cx-ok', { kind: 'reject', status: [403] }],
    ['a response that should be refused', 'rs-ok', { kind: 'reject', status: [502] }],
    ['a byte that is missing at the client', 'rs-ok', { mustContain: ['nok'] }],
    ['a complete response where none should be', 'rs-ok', { kind: 'close' }],
  ])('when it sees %s', async (_, id, changes) => {
    expect(await passes(id, {})).toBe(true);
    expect(await passes(id, changes)).toBe(false);
  });

  test('when it sees a tunnel that ends at once', async () => {
    expect(
      await passes('cx-ok', {}, { bytes: 'CONNECT stalled.test:8080 HTTP/1.1\r\nHost: stalled.test:8080\r\n\r\n' }),
    ).toBe(false);
  });

  test('an address that is more private than the client is noticed', () => {
    const reach = (name: keyof typeof VANTAGES): string =>
      ['127.0.0.1', '10.0.0.1', '9.1.2.3', '169.254.169.254', '64:ff9b::7f00:1']
        .filter((address) => VANTAGES[name].mayReach(address))
        .join(' ');
    expect(reach('loopback')).toBe('127.0.0.1 10.0.0.1 9.1.2.3 64:ff9b::7f00:1');
    expect(reach('private')).toBe('10.0.0.1 9.1.2.3');
    expect(reach('public')).toBe('9.1.2.3');
  });
});
