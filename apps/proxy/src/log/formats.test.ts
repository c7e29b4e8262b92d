import {
  AccessDeniedError,
  type ClientTls,
  inetAddr,
  noteRequest,
  ProxyError,
  sessionWriter,
  type SessionRecord,
} from '@inband/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unicodeText } from '../../../../test/support/unicode-text.ts';
import { NASTY, sessionRecord } from '../../test-support/session-record.ts';
import { wantsNotes } from '../lines/noted-fields.ts';
import type { LogSink } from './outputs/log-batch.ts';
import { createLogging, type LogOptions } from './logging.ts';

function memorySink(isTerminal = false) {
  const writes: string[] = [];
  const sink: LogSink = {
    write: (lines) => void writes.push(lines.toString()),
    flush: (done) => done(),
    flushSync: () => undefined,
    isTerminal,
  };
  return { sink, written: () => writes.join('') };
}

/** The access line of a session, without its line feed. */
function lineOf(options: Partial<LogOptions>, record: SessionRecord, isTerminal = false): string {
  const { sink, written } = memorySink(isTerminal);
  const logging = createLogging({ level: 'info', access: true, ...options }, sink, () => memorySink().sink);
  logging.onSession?.(record);
  logging.flushSync();
  const line = written();
  expect(line.indexOf('\n')).toBe(line.length - 1);
  return line.slice(0, -1);
}

/** Without the time, which is the first word. */
const afterTime = (line: string): string => line.replace(/^\S+ /, '');

const server = inetAddr('192.0.2.7', 80)!;
const tls: ClientTls = {
  version: 'TLSv1.3',
  cipher: 'C',
  serverName: undefined,
  alpn: undefined,
  resumed: false,
  certificate: undefined,
  covers: () => true,
};
const shop = { host: 'shop.example', port: 80 };
const usual = (change: Partial<SessionRecord> = {}): SessionRecord =>
  sessionRecord({ url: 'http://shop.example/cart', ...change }, { method: 'GET', target: shop, server });
const unreached = (change: Partial<SessionRecord> = {}): SessionRecord =>
  sessionRecord({ url: 'http://shop.example/cart', ...change }, { method: 'GET', target: shop });
const denied = (): SessionRecord => {
  const error = new AccessDeniedError('destination_ip_prohibited', 'The lab stays inside.', 'services.web.access[1]');
  return usual({ status: 403, bytesOut: 0, error });
};

describe('text', () => {
  test('is one short line: when, who, what, status, duration, bytes and the way', () => {
    const line = lineOf({ format: 'text' }, usual({ bytesOut: 5_300, duration: 9.31 }));
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /);
    expect(afterTime(line)).toBe('127.0.0.1 GET http://shop.example/cart 200 9.3ms 5.2KiB web 192.0.2.7:80');
  });

  test('says by which version of TLS the server was spoken to', () => {
    const serverTls = { version: 'TLSv1.3', cipher: 'C', serverName: 'a', verified: 'chain', resumed: false } as const;
    const record = sessionRecord(
      {},
      { method: 'GET', server: { family: 'inet', address: '192.0.2.7', port: 443 }, serverTls },
    );
    expect(afterTime(lineOf({ format: 'text' }, record))).toMatch(/ 192\.0\.2\.7:443 TLSv1\.3$/);
  });

  test('says of a tunnel what went either way', () => {
    const record = usual({
      kind: 'tunnel',
      url: 'shop.example:80',
      bytesIn: 10,
      bytesOut: 3 * 1024 ** 2,
      duration: 63_400,
    });
    expect(afterTime(lineOf({ format: 'text' }, record))).toContain(' 200 1m3s 10B/3MiB web');
  });

  test('says why it was denied, and the setting', () => {
    expect(afterTime(lineOf({ format: 'text' }, denied())).replace(/id [0-9a-z]{8}-\d+/, 'id ID')).toBe(
      '127.0.0.1 GET http://shop.example/cart 403 4.3ms 0B denied: The lab stays inside. (services.web.access[1]; id ID)',
    );
  });

  test('says of a server that could not be reached what was tried, and how long', () => {
    const error = new ProxyError('connection_refused', 'It refuses.');
    const record = unreached({ status: 502, bytesOut: 0, error });
    sessionWriter.addAttempt(record.session, { address: server, duration: 1.234, error: 'connection_refused' });
    expect(lineOf({ format: 'text' }, record)).toMatch(
      / 502 4\.3ms 0B failed: It refuses\. \(192\.0\.2\.7:80 connection_refused 1\.23ms; id [0-9a-z]{8}-\d+\)$/,
    );
  });

  test('names a setting of a chainer with its route', () => {
    const error = new ProxyError('connection_limit_reached', 'It is full.', { setting: 'chainer.queue.size' });
    const record = unreached({ status: 503, bytesOut: 0, error });
    const chainer = { kind: 'pool', connectServer: () => Promise.reject(error) };
    sessionWriter.setRoute(record.session, { name: 'services.web.routes[0]', chainer });
    expect(lineOf({ format: 'text' }, record)).toMatch(
      / failed: It is full\. \(services\.web\.routes\[0\]\.chainer\.queue\.size; id /,
    );
  });

  test('is what auto takes on a terminal, coloured by verdict; elsewhere it takes JSON', () => {
    const colours = [usual(), denied(), usual({ aborted: true })].map((record) =>
      ['32', '33', '35'].find((code) =>
        lineOf({ format: 'auto' }, record, true).includes(`\u001b[${code}m${record.status}\u001b[0m`),
      ),
    );
    expect(colours).toEqual(['32', '33', '35']);
    expect(lineOf({ format: 'auto' }, usual())).toMatch(/^\{"level":"info"/);
    expect(lineOf({ format: 'text' }, usual())).not.toContain('\u001b');
  });

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('has no colours with %j', (change) => {
    const before = { ...process.env };
    Object.assign(process.env, change);
    try {
      expect(lineOf({}, usual(), true)).not.toContain('\u001b');
    } finally {
      process.env = before;
    }
  });
});

describe('messages of the program', () => {
  test('are lines of text beside text, with their fields', () => {
    const { sink, written } = memorySink();
    const { logger } = createLogging({ level: 'info', access: true, format: 'text' }, sink);
    logger.debug({}, 'unseen');
    logger.info({ address: '127.0.0.1:80', missing: undefined }, 'listening');
    logger.warn({ detail: `two words\n${NASTY}` }, 'look');
    const lines = written().split('\n');
    expect(lines).toHaveLength(3);
    expect(afterTime(lines[0] ?? '')).toBe('listening address=127.0.0.1:80');
    expect(afterTime(lines[1] ?? '')).toMatch(/^warning look detail="two words\\n/);
  });

  test.each(['common', 'combined', 'squid'] as const)('are not between lines of %s', (format) => {
    const access = memorySink();
    const messages = memorySink();
    const { logger } = createLogging({ level: 'info', access: true, format }, access.sink, () => messages.sink);
    logger.info({}, 'listening');
    expect(access.written()).toBe('');
    expect(afterTime(messages.written())).toBe('listening\n');
  });

  test('silent writes none', () => {
    const { sink, written } = memorySink();
    createLogging({ level: 'silent', access: true, format: 'text' }, sink).logger.error({}, 'unheard');
    expect(written()).toBe('');
  });
});

describe('common', () => {
  test('is what Apache and nginx write', () => {
    const record = usual({ bytesOut: 5120 });
    sessionWriter.setUser(record.session, 'ann');
    expect(lineOf({ format: 'common' }, record)).toMatch(
      /^127\.0\.0\.1 - ann \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET http:\/\/shop\.example\/cart" 200 5120$/,
    );
  });
});

describe('combined', () => {
  test('has the version, Referer and User-Agent, which were noted of the head', () => {
    const record = usual();
    const userAgent = 'curl/8  "x"\\\u001b';
    noteRequest(record.session, { version: 'HTTP/1.0', referer: undefined, userAgent });
    expect(lineOf({ format: 'combined' }, record)).toMatch(
      / "GET http:\/\/shop\.example\/cart HTTP\/1\.0" 200 12 "-" "curl\/8  \\x22x\\x22\\x5c\\x1b"$/,
    );
    expect(lineOf({ template: '{version} {referer} {userAgent}' }, record)).toMatch(/^HTTP\/1\.0 - curl\/8/);
  });

  test('has neither of what was not noted', () => {
    expect(lineOf({ format: 'combined' }, usual())).toMatch(/cart" 200 12 "-" "-"$/);
  });

  test.each([
    ['common', {}, true],
    ['combined', {}, true],
    ['json', {}, false],
    ['combined', { access: false }, false],
    ['auto', { template: '{client} {version}' }, true],
    ['auto', { template: '{client}' }, false],
  ])('%s %j asks for the notes: %s', (format, more, wanted) => {
    expect(wantsNotes({ access: true, format, ...more })).toBe(wanted);
  });
});

describe('squid', () => {
  const squid = (record: SessionRecord): string => lineOf({ format: 'squid' }, record);

  test.each([
    [
      'an answer',
      usual({ duration: 12.3 }),
      '    12 127.0.0.1 TCP_MISS/200 12 GET http://shop.example/cart - HIER_DIRECT/192.0.2.7 -',
    ],
    [
      'a tunnel',
      usual({ kind: 'tunnel', url: 'shop.example:443' }),
      '     4 127.0.0.1 TCP_TUNNEL/200 12 GET shop.example:443 - HIER_DIRECT/192.0.2.7 -',
    ],
    ['a denial', denied(), '     4 127.0.0.1 TCP_DENIED/403 0 GET http://shop.example/cart - HIER_NONE/- -'],
    [
      'a client that left',
      usual({ aborted: true, status: 0 }),
      '     4 127.0.0.1 TCP_MISS_ABORTED/000 12 GET http://shop.example/cart - HIER_DIRECT/192.0.2.7 -',
    ],
    [
      'no server',
      unreached({ status: 502, error: new ProxyError('dns_error', 'No.') }),
      '     4 127.0.0.1 NONE_NONE/502 12 GET http://shop.example/cart - HIER_NONE/- -',
    ],
    [
      'a path',
      usual({ url: '/caf\u00e9 1' }),
      '     4 127.0.0.1 TCP_MISS/200 12 GET http://shop.example:80/caf%E9%201 - HIER_DIRECT/192.0.2.7 -',
    ],
    [
      'a path that was asked for by TLS',
      sessionRecord({ url: '/a' }, { method: 'GET', target: shop, server, tls }),
      '     4 127.0.0.1 TCP_MISS/200 12 GET https://shop.example:80/a - HIER_DIRECT/192.0.2.7 -',
    ],
  ])('is what Squid writes of %s', (_what, record, wanted) => {
    const line = squid(record);
    expect(line).toMatch(/^\d{10}\.\d{3} /);
    expect(afterTime(line)).toBe(wanted);
  });
});

test('text names the proxy that a client comes by', () => {
  const peer = { family: 'inet', address: '10.0.0.2', port: 5000 } as const;
  const record = sessionRecord({ url: '/a' }, { method: 'GET', target: shop, server, peer });
  expect(lineOf({ format: 'text' }, record)).toContain(' 127.0.0.1 via 10.0.0.2 GET /a ');
});

describe('a template', () => {
  test('has the fields of an access line, and braces of its own', () => {
    const template = '{{{client}}} {method}\t{status} {user} {attempts} {msg}';
    expect(lineOf({ template }, usual())).toBe('{127.0.0.1:40000} GET\t200 - - request');
  });
});

describe('whatever a client sends', () => {
  const anyText = fc.oneof(unicodeText(), fc.constant(NASTY));
  const words = { common: 9, squid: 10, template: 3 } as const;

  test.each(['common', 'squid', 'template', 'text'] as const)(
    'a line of %s stays one line with as many words',
    (format) => {
      const options = format === 'template' ? { template: '{target} {user} {method}' } : { format };
      fc.assert(
        fc.property(anyText, anyText, anyText, anyText, (url, user, method, host) => {
          const error = new ProxyError('dns_error', `${url} has no address.`);
          const record = sessionRecord({ url, error }, { user, method, target: { host, port: 80 } });
          const line = lineOf(options, record);
          // oxlint-disable-next-line no-control-regex -- controls are what this is about
          expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
          if (format !== 'text') expect(line.trim().split(/ +/)).toHaveLength(words[format]);
        }),
      );
    },
  );
});
