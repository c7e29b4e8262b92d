import { rename, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PacPlace, PacSource } from './pac-source.ts';
import { readPac } from './read-pac.ts';

let folder: string;
const open: { close: () => unknown }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-pac-'));
});

afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  await rm(folder, { recursive: true });
});

class WaitedLog {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  #arrived: () => void = () => {};
  readonly debug = this.#at('debug');
  readonly info = this.#at('info');
  readonly warn = this.#at('warn');

  #at(level: string) {
    return (fields: object, message: string): void => {
      this.lines.push({ level, message, fields });
      this.#arrived();
    };
  }

  async next(): Promise<string> {
    while (this.lines.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
    const { level, message } = this.lines.shift()!;
    return `${level}: ${message}`;
  }
}

function source(place: PacPlace, names: Readonly<Record<string, readonly string[]>> = {}) {
  const log = new WaitedLog();
  const asked: string[] = [];
  const resolve = (name: string): Promise<readonly string[]> => {
    asked.push(name);
    const known = names[name];
    return known === undefined ? Promise.reject(new Error('no such name')) : Promise.resolve(known);
  };
  const pac = new PacSource(place, { resolve, understand: (text) => text, log });
  pac.start();
  open.push(pac);
  const find = async (host: string): Promise<string> => pac.find(`http://${host}/`, host);
  return { pac, log, asked, find };
}

const inFile = (body: string): PacPlace => ({
  path: join(folder, 'a.pac'),
  text: `function FindProxyForURL(url, host) { ${body} }`,
});

test('names are looked up while the file is asked, each once, and one that cannot be is none', async () => {
  const names = { 'a.example': ['10.0.0.1'], 'b.example': ['10.0.0.2'] };
  const body =
    'return [dnsResolve(host), dnsResolve("b.example"), dnsResolve("lost.example"), dnsResolve(host)].join();';
  const { find, asked } = source(inFile(body), names);
  expect(await find('a.example')).toBe('10.0.0.1,10.0.0.2,,10.0.0.1');
  expect(asked).toEqual(['a.example', 'b.example', 'lost.example']);
});

test('a file may ask for twenty names', async () => {
  const { find, asked } = source(inFile('for (var i = 0; ; i++) dnsResolve(i + ".example");'));
  await expect(find('a.example')).rejects.toThrow('it asks for the addresses of more than 20 names.');
  expect(asked).toHaveLength(20);
});

test('a search that nothing can interrupt is ended with its thread, and the next request has another one', async () => {
  const body = 'if (host === "bad") "a".repeat(3e6).indexOf("a".repeat(1.5e6) + "b"); return "PROXY " + host;';
  const { find } = source(inFile(body));
  const [bad, good] = await Promise.allSettled([find('bad'), find('good')]);
  expect(bad).toMatchObject({ reason: { kind: 'limit', message: 'it did not end within 1000 ms.' } });
  expect(good).toMatchObject({ value: 'PROXY good' });
});

test('memory that a file loses from call to call is no fault of a call', async () => {
  const { find } = source(
    inFile('kept = (typeof kept === "object") ? kept : []; kept.push("x".repeat(3e6) + host); return "DIRECT";'),
  );
  for (let call = 0; call < 12; call += 1) expect(await find(`${call}.example`)).toBe('DIRECT');
});

test('what it alerts is in the log', async () => {
  const { find, log } = source(inFile('alert("for " + host); return "DIRECT";'));
  await find('a.example');
  expect(log.lines).toEqual([
    { level: 'debug', message: 'alert of a PAC file', fields: { pac: join(folder, 'a.pac'), text: 'for a.example' } },
  ]);
});

test('a file that is no PAC file is refused', async () => {
  const read = async (text: string) => {
    await writeFile(join(folder, 'a.pac'), text);
    return readPac('a.pac', folder);
  };
  await expect(read('{')).rejects.toThrow('SyntaxError');
  await expect(read(`//${'x'.repeat(1 << 20)}`)).rejects.toThrow('it is longer than 1 MiB.');
  await expect(readPac('none.pac', folder)).rejects.toThrow('it cannot be read: ENOENT');
  const text = '\uFEFFfunction FindProxyForURL() {}';
  expect(await read(text)).toEqual({ path: join(folder, 'a.pac'), text });
});

test('a closed one answers nobody, and its thread ends', async () => {
  const { pac, find } = source(inFile('for (;;) {}'));
  const waiting = [find('a.example'), find('b.example')];
  pac.close();
  const ended = await Promise.allSettled([...waiting, find('c.example')]);
  for (const one of ended) expect(one).toMatchObject({ reason: { kind: 'unavailable' } });
});

test('a file is followed, and one with an error is not taken', async () => {
  const path = join(folder, 'a.pac');
  const write = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  const text = 'function FindProxyForURL() { return "PROXY a:1"; }';
  await write(text);
  const { find, log } = source({ path, text, times: { settle: 10, poll: 100 } });
  expect(await find('a.example')).toBe('PROXY a:1');
  await write('function FindProxyForURL() { return "PROXY b:1"; }');
  expect(await log.next()).toBe('info: the PAC file has changed');
  expect(await find('a.example')).toBe('PROXY b:1');
  await write('function FindProxyForURL() { return ');
  expect(await log.next()).toBe('warn: the PAC file cannot be used, and the one before stays');
  expect(await find('a.example')).toBe('PROXY b:1');
  await rm(path);
  await write('function FindProxyForURL() { return "PROXY c:1"; }');
  expect(await log.next()).toBe('info: the PAC file has changed');
  expect(await find('a.example')).toBe('PROXY c:1');
});

describe('a URL', () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  async function serve(...answers: readonly Answer[]): Promise<{ readonly url: string; readonly server: Server }> {
    let served = 0;
    const server = createServer((request, response) => {
      const answer = answers[Math.min(served, answers.length - 1)];
      served += 1;
      answer?.(request, response);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/proxy.pac`, server };
  }

  const answers = (proxy: string): string => `function FindProxyForURL() { return "PROXY ${proxy}"; }`;

  test('is fetched, and again with what it was named by, and a change is taken', async () => {
    const validators: (string | undefined)[] = [];
    const { url } = await serve(
      (_request, response) => response.setHeader('ETag', '"1"').end(answers('a:1')),
      (request, response) => {
        validators.push(request.headers['if-none-match']);
        response.statusCode = 304;
        response.end();
      },
      (request, response) => {
        validators.push(request.headers['if-none-match']);
        response.setHeader('Last-Modified', 'Wed, 16 Jun 2027 13:45:20 GMT').end(answers('b:1'));
      },
      (request, response) => {
        validators.push(request.headers['if-modified-since']);
        response.end(answers('b:1'));
      },
    );
    const { find, log } = source({ url, refresh: 200 });
    expect(await find('a.example')).toBe('PROXY a:1');
    expect(await log.next()).toBe('info: the PAC file has changed');
    expect(await find('a.example')).toBe('PROXY b:1');
    await expect.poll(() => validators, { timeout: 10_000 }).toHaveLength(3);
    expect(validators).toEqual(['"1"', '"1"', 'Wed, 16 Jun 2027 13:45:20 GMT']);
  });

  test.each<[string, Answer, RegExp]>([
    [
      'that is not there',
      (_request, response) => (response.writeHead(404), response.end()),
      /the server answered 404\./,
    ],
    [
      'that leads elsewhere',
      (_request, response) => (response.writeHead(302, { location: '/other' }), response.end()),
      /the server answered 302 and names \/other\./,
    ],
    ['that never ends', (_request, response) => void response.end(Buffer.alloc(2 << 20)), /it is longer than 1 MiB\./],
    ['of a page', (_request, response) => void response.end('<html>'), /SyntaxError/],
    ['that hangs up', (request) => void request.socket.destroy(), /unavailable|other side closed|terminated/i],
  ])('%s gives no answer, and is asked again', async (_what, answer, reason) => {
    const { url } = await serve(answer, (_request, response) => response.end(answers('a:1')));
    const { pac, find, log } = source({ url, refresh: 300 });
    await expect(find('a.example')).rejects.toThrow(reason);
    expect(await log.next()).toMatch(/^warn: the PAC file cannot be (?:fetched|used)/);
    await expect.poll(async () => pac.find('http://a/', 'a'), { timeout: 10_000 }).toBe('PROXY a:1');
  });

  test('with a name is looked up as all names are', async () => {
    const { url } = await serve((request, response) => response.end(answers(request.headers.host ?? '')));
    const named = url.replace('127.0.0.1', 'wpad.example');
    const { find, asked } = source({ url: named, refresh: 60_000 }, { 'wpad.example': ['127.0.0.1'] });
    expect(await find('a.example')).toBe(`PROXY ${new URL(named).host}`);
    expect(asked).toEqual(['wpad.example']);
    const lost = source({ url: named, refresh: 60_000 });
    await expect(lost.find('a.example')).rejects.toThrow('no such name.');
  });

  test('that fails later leaves the file as it was', async () => {
    const { url } = await serve(
      (_request, response) => response.end(answers('a:1')),
      (_request, response) => (response.writeHead(500), response.end()),
    );
    const { find, log } = source({ url, refresh: 100 });
    expect(await find('a.example')).toBe('PROXY a:1');
    expect(await log.next()).toBe('warn: the PAC file cannot be fetched');
    expect(await find('a.example')).toBe('PROXY a:1');
  });
});
