import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../base/messages.ts';
import { PacError } from '../base/pac-error.ts';
import { Sandbox } from './sandbox.ts';

const wasm = await readFile(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));

const open: Sandbox[] = [];

afterEach(() => {
  for (const sandbox of open.splice(0)) sandbox.close();
});

function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const OWN = ['192.0.2.7', '2001:db8::7'];

function make(text: string, own: readonly string[] = OWN): Promise<Sandbox> {
  return Sandbox.load(text, { wasm, processorTime, ownAddresses: () => own });
}

async function load(text: string, own: readonly string[] = OWN): Promise<Sandbox> {
  const sandbox = await make(text, own);
  open.push(sandbox);
  return sandbox;
}

const NAMES = new Map([
  ['shop.example', ['2001:db8::1', '10.1.2.3']],
  ['six.example', ['2001:db8::6']],
  ['none.example', []],
]);

let evaluating: Promise<Sandbox> | undefined;
afterAll(async () => (await evaluating)?.close());

/** What an expression is in a file, as JSON. One file is asked for all of them, because each has an engine of its own. */
async function valueOf(expression: string): Promise<unknown> {
  const text = 'function FindProxyForURL(url, host) { return JSON.stringify(eval(host)) + ""; }';
  evaluating ??= make(text);
  const { outcome } = (await evaluating).find('http://shop.example/', expression, NAMES);
  if (outcome.type !== 'answer') throw new Error(JSON.stringify(outcome));
  return outcome.text === 'undefined' ? undefined : (JSON.parse(outcome.text) as unknown);
}

async function outcomeOf(body: string): Promise<Outcome> {
  return (await load(`function FindProxyForURL(url, host) { ${body} }`)).find('http://a.example/', 'a.example', NAMES)
    .outcome;
}

describe('functions about names:', () => {
  test.each<[string, unknown]>([
    ['isPlainHostName("www")', true],
    ['isPlainHostName("www.example")', false],
    ['isPlainHostName("::1")', false],
    ['dnsDomainIs("www.shop.example", ".shop.example")', true],
    ['dnsDomainIs("www", ".shop.example")', false],
    ['dnsDomainIs("myshop.example", "shop.example")', true],
    ['localHostOrDomainIs("www.shop.example", "www.shop.example")', true],
    ['localHostOrDomainIs("www", "www.shop.example")', true],
    ['localHostOrDomainIs("home.shop.example", "www.shop.example")', false],
    ['localHostOrDomainIs("ww", "www.shop.example")', false],
    ['dnsDomainLevels("www")', 0],
    ['dnsDomainLevels("a.b.example")', 2],
    ['shExpMatch("http://shop.example/a/b", "*/a/*")', true],
    ['shExpMatch("http://shop.example/a/b", "*/b/*")', false],
    ['shExpMatch("shopxexample", "shop.example")', false],
    ['shExpMatch("shop1.example", "shop?.example")', true],
    ['shExpMatch("b.example", "(a|b).example")', true],
    ['shExpMatch("shop.example", "example")', false],
    ['getClientVersion()', '1.0'],
  ])('a file finds that %s is %j', async (expression, expected) => {
    expect(await valueOf(expression)).toEqual(expected);
  });
});

describe('functions about addresses:', () => {
  test.each<[string, unknown]>([
    ['dnsResolve("shop.example")', '10.1.2.3'],
    ['dnsResolve("six.example")', null],
    ['dnsResolve("none.example")', null],
    ['dnsResolve("192.0.2.1")', '192.0.2.1'],
    ['isResolvable("shop.example")', true],
    ['isResolvable("none.example")', false],
    ['isInNet("shop.example", "10.1.0.0", "255.255.0.0")', true],
    ['isInNet("shop.example", "10.2.0.0", "255.255.0.0")', false],
    ['isInNet("198.95.249.79", "198.95.249.79", "255.255.255.255")', true],
    ['isInNet("200.1.1.1", "200.0.0.0", "255.0.0.0")', true],
    ['isInNet("none.example", "0.0.0.0", "0.0.0.0")', false],
    ['isInNet("10.0.0.1", "10.0.0", "255.0.0.0")', false],
    ['convert_addr("104.16.41.2")', 1745889538],
    ['convert_addr("255.255.255.255")', -1],
    ['myIpAddress()', '192.0.2.7'],
    ['myIpAddressEx()', '192.0.2.7;2001:db8::7'],
    ['dnsResolveEx("shop.example")', '2001:db8::1;10.1.2.3'],
    ['dnsResolveEx("none.example")', ''],
    ['isResolvableEx("six.example")', true],
    ['isInNetEx("2001:db8::1", "2001:db8::/32")', true],
    ['isInNetEx("2001:db9::1", "2001:db8::/32")', false],
    ['isInNetEx("2001:db8:0:1::", "2001:db8::/63")', true],
    ['isInNetEx("10.1.2.3", "10.0.0.0/8")', true],
    ['isInNetEx("::ffff:10.1.2.3", "::ffff:10.0.0.0/104")', true],
    ['isInNetEx("10.1.2.3", "2001:db8::/0")', false],
    ['isInNetEx("10.1.2.3", "10.0.0.0/33")', false],
    ['isInNetEx("shop.example", "10.0.0.0/8")', false],
    [
      '["1::2::3", "1:2", ":::", "12345::", "g::", "::1.2.3", "1:2:3:4:5:6:7:8:9"].filter(a => isInNetEx(a, "::/0"))',
      [],
    ],
    ['sortIpAddressList("10.0.0.2; 2001:db8::2;10.0.0.1;2001:db8::1")', '2001:db8::1;2001:db8::2;10.0.0.1;10.0.0.2'],
    ['sortIpAddressList("10.0.0.2;x")', ''],
  ])('a file finds that %s is %j', async (expression, expected) => {
    expect(await valueOf(expression)).toEqual(expected);
  });

  test('without an address of its own the machine is loopback', async () => {
    const sandbox = await load('function FindProxyForURL() { return myIpAddress() + myIpAddressEx(); }', []);
    expect(sandbox.find('http://a/', 'a', NAMES).outcome).toEqual({ type: 'answer', text: '127.0.0.1' });
  });
});

test('a name that is not known is asked for, also if the file catches that, and once at a time', async () => {
  const body = `
    var first, second;
    try { first = dnsResolve("b.example"); } catch (e) { }
    try { second = dnsResolve("c.example"); } catch (e) { }
    return first + second;`;
  expect(await outcomeOf(body)).toEqual({ type: 'needs', name: 'b.example' });
  const sandbox = await load(`function FindProxyForURL() { ${body} }`);
  const one = new Map([['b.example', ['10.0.0.1']]]);
  expect(sandbox.find('http://a/', 'a', one).outcome).toEqual({ type: 'needs', name: 'c.example' });
  const both = new Map([...one, ['c.example', []]]);
  expect(sandbox.find('http://a/', 'a', both).outcome).toEqual({ type: 'answer', text: '10.0.0.1null' });
});

describe('answers', () => {
  test.each<[string, Outcome]>([
    ['return "PROXY a:1; DIRECT"', { type: 'answer', text: 'PROXY a:1; DIRECT' }],
    ['return host + " " + url', { type: 'answer', text: 'a.example http://a.example/' }],
    ['return null', { type: 'answer', text: 'DIRECT' }],
    ['', { type: 'answer', text: 'DIRECT' }],
    ['return 1', { type: 'failed', kind: 'answer', message: 'FindProxyForURL returned something that is no text.' }],
    [
      'return "x".repeat(5000)',
      { type: 'failed', kind: 'answer', message: 'FindProxyForURL returned 5000 characters.' },
    ],
    [
      '\n\nnothing()',
      { type: 'failed', kind: 'answer', message: 'it threw ReferenceError: nothing is not defined in line 3.' },
    ],
    ['throw "x"', { type: 'failed', kind: 'answer', message: 'it threw Error: x.' }],
  ])('a file that says %j is understood', async (body, outcome) => {
    expect(await outcomeOf(body)).toEqual(outcome);
  });

  test('the function may be a variable', async () => {
    const sandbox = await load('const FindProxyForURL = () => "PROXY a:1";');
    expect(sandbox.find('http://a/', 'a', NAMES).outcome).toEqual({ type: 'answer', text: 'PROXY a:1' });
  });
});

describe('limits', () => {
  test.each<[string, string]>([
    ['compute for ever', 'for (;;) {}'],
    ['compute for ever by catching', 'for (;;) { try { for (;;) {} } catch (e) {} }'],
    ['compute for ever in a regular expression', '/^(a+)+$/.test("a".repeat(40) + "b")'],
    ['compute for ever in shExpMatch', 'shExpMatch("a".repeat(60), "*a*a*a*a*a*a*a*a*a*a*b")'],
  ])('a file is ended that wants to %s', async (_what, body) => {
    const outcome = await outcomeOf(body);
    expect(outcome).toEqual({
      type: 'failed',
      kind: 'limit',
      message: 'it took longer than 50 ms of processor time.',
    });
  });

  test('a file cannot use much memory, and is not called again when it has tried', async () => {
    const sandbox = await load(
      'function FindProxyForURL() { var a = []; for (;;) a.push("x".repeat(5000) + a.length); }',
    );
    const { outcome } = sandbox.find('http://a/', 'a', NAMES);
    expect(outcome).toEqual({ type: 'failed', kind: 'limit', message: 'it took more than 16 MiB of memory.' });
    expect(sandbox.isSpent).toBe(true);
  });

  test.each<[string, string]>([
    ['calls itself', '(function f() { return f.apply(null, arguments) })()'],
    ['calls itself by its name', 'return eval("FindProxyForURL")(url, host)'],
    ['has a text of too many captures', 'new RegExp("(".repeat(1e5) + ")".repeat(1e5))'],
    ['computes a number that is too large', 'return 2n ** (2n ** 22n) + ""'],
    ['throws nothing', 'throw null'],
    ['throws what cannot be read', 'throw { get message() { throw 1 } }'],
    ['breaks the functions that it may call', 'String.prototype.replaceAll = null; shExpMatch("a", "a")'],
    ['breaks all lists', 'Object.defineProperty(Array.prototype, 0, { set() { throw 1 } }); myIpAddressEx()'],
    ['answers with what has side effects', 'return { toString() { throw 1 } }'],
  ])('a file fails alone that %s', async (_what, body) => {
    const sandbox = await load(`function FindProxyForURL(url, host) { if (host === "ok") return "OK"; ${body} }`);
    expect(sandbox.find('http://a/', 'a', NAMES).outcome).toMatchObject({ type: 'failed', kind: 'answer' });
    expect(sandbox.find('http://ok/', 'ok', NAMES).outcome).toEqual({ type: 'answer', text: 'OK' });
  });

  test('a file cannot reach this process', async () => {
    const names = [
      'process',
      'require',
      'fetch',
      'WebAssembly',
      'setTimeout',
      'Buffer',
      'console',
      'natives',
      'global',
    ];
    expect(await valueOf(`[${names.map((name) => `typeof ${name}`).join()}].filter(t => t !== "undefined")`)).toEqual(
      [],
    );
    const stack = '(() => { try { dnsResolve("secret.example") } catch (e) { return e.stack } })()';
    const sandbox = await load(`var seen; function FindProxyForURL() { seen = seen || ${stack}; return seen; }`);
    expect(sandbox.find('http://a/', 'a', NAMES).outcome.type).toBe('needs');
    const known = new Map([['secret.example', []]]);
    const { outcome } = sandbox.find('http://a/', 'a', known);
    expect(outcome).toEqual({ type: 'answer', text: expect.not.stringContaining('/packages/') as string });
  });

  test('a file does not grow by being called', async () => {
    const sandbox = await load(
      'function FindProxyForURL(url, host) { alert(host); return myIpAddress() + dnsResolve(host); }',
    );
    const sizes = [0, 1].map(() => {
      for (let call = 0; call < 2_000; call += 1) sandbox.find('http://shop.example/', 'shop.example', NAMES);
      return sandbox.memory;
    });
    expect(sizes[1]).toBeLessThan(sizes[0]! + 10_000);
  });
});

test('what a file alerts is told, up to ten alerts of 200 characters', async () => {
  const sandbox = await load(
    'function FindProxyForURL() { for (var i = 0; i < 20; i++) alert(i + "x".repeat(300)); alert(); return "DIRECT"; }',
  );
  const { alerts } = sandbox.find('http://a/', 'a', NAMES);
  expect(alerts.map((text) => text.length)).toEqual(Array.from({ length: 10 }, () => 200));
});

test('variables of a file live from call to call, as in browsers', async () => {
  const sandbox = await load('var calls = 0; function FindProxyForURL() { return "PROXY a:" + ++calls; }');
  sandbox.find('http://a/', 'a', NAMES);
  expect(sandbox.find('http://a/', 'a', NAMES).outcome).toEqual({ type: 'answer', text: 'PROXY a:2' });
});

describe('loading', () => {
  const refused: [string, string, string, string][] = [
    ['no JavaScript', 'function FindProxyForURL( {', 'text', 'it threw SyntaxError: '],
    ['a page of HTML', '<html><body>404</body></html>', 'text', 'it threw SyntaxError: '],
    ['without the function', 'function findProxyForURL() {}', 'text', 'it has no function FindProxyForURL.'],
    ['one that throws', '\nthrow new Error("no");', 'text', 'it threw Error: no in line 2.'],
    ['one that does not end', 'for (;;) {}', 'limit', 'it took longer than 500 ms of processor time.'],
  ];
  // What takes as long as it may is left out of the short form.
  test.each(refused)('a file is refused that is %s', async (_what, text, kind, message) => {
    const error: unknown = await load(text).catch((caught: unknown) => caught);
    if (!(error instanceof PacError)) throw error;
    expect(error.kind).toBe(kind);
    expect(error.message).toContain(message);
  });
});
