import { describe, expect, test } from 'vitest';
import { explainLine } from './explain-line.ts';

const usual = {
  level: 'info',
  time: '2026-11-22T20:42:11.345Z',
  service: 'browser',
  route: 'services.browser.routes[0]',
  chainer: 'inband',
  id: 'k3v9x2pq-1',
  session: 1,
  client: '10.1.2.3:40123',
  clientZone: 'dmz',
  method: 'GET',
  target: 'http://shop.example/cart',
  asked: 'shop.example:80',
  server: '192.0.2.7:80',
  serverZone: 'partners',
  verdict: 'accepted',
  rule: 'services.browser.access[0]',
  reused: false,
  attempts: [{ server: '192.0.2.7:80', ms: 1.42 }],
  status: 200,
  bytesIn: 0,
  bytesOut: 5120,
  ms: 9.345,
  waitMs: 8.9,
  msg: 'request',
};

const WHO = '10.1.2.3:40123 (zone dmz) asked for';
const WAY = 'The service "browser" took it, and chose services.browser.routes[0], whose chainer is "inband".';
const SERVER = 'The server is 192.0.2.7:80 (zone partners).';
const SENT = 'it was over after 9.345 ms, with 0 bytes from the client and 5120 to it.';

describe('an access line in sentences', () => {
  test('says who asked for what, which way it took, each dial, and what came of it', () => {
    expect(explainLine(usual)).toEqual([
      `${WHO} GET http://shop.example/cart, which is for shop.example:80, on 2026-11-22 at 20:42:11.335 UTC.`,
      WAY,
      SERVER,
      '192.0.2.7:80 was connected after 1.42 ms.',
      `services.browser.access[0] allowed it. The answer was 200, and the first byte of the server came after 8.9 ms; ${SENT}`,
    ]);
  });

  test('says by which rule something was denied, and what would allow it', () => {
    const { server: _server, serverZone: _zone, attempts: _attempts, waitMs: _wait, ...rest } = usual;
    const denied = { ...rest, verdict: 'denied-by-policy', error: 'http_request_denied', status: 403, why: 'No shops' };
    expect(explainLine(denied).slice(2)).toEqual([
      'No server was looked at.',
      `services.browser.access[0] denied it. No shops. The answer was 403; ${SENT}`,
      'Add to services.browser.access, before services.browser.access[0]: { allow: { clients: 10.1.2.3, hosts: "shop.example", methods: GET, paths: "/cart" } }, without what that rule does not ask for. Where it asks for fields, query, cookies or times, change it. See docs/errors.md, "http_request_denied".',
    ]);
    const tunnel = { ...denied, method: 'CONNECT', target: 'shop.example:443', user: 'ann' };
    expect(explainLine(tunnel).at(-1)).toContain('hosts: "shop.example", users: ann, methods: CONNECT } }');
    const inTwoWays = { ...denied, target: 'http://shop.example/a/..%2fcart' };
    expect(explainLine(inTwoWays).at(-1)).toContain('hosts: "shop.example", methods: GET } }');
    const byDefault = { ...denied, server: '[fd00::7]:80', rule: 'default: no private addresses' };
    expect(explainLine(byDefault).at(-2)).toContain('The default "no private addresses" denied it. No shops.');
    expect(explainLine(byDefault).at(-1)).toContain(
      'Add to services.browser.access: { allow: { clients: 10.1.2.3, servers: "fd00::7", ports: 80 } }.',
    );
    const tooLong = { ...denied, rule: 'services.browser.http.maxBody', error: 'http_request_error', status: 413 };
    expect(explainLine(tooLong).at(-1)).toContain('Change services.browser.http.maxBody.');
    const noRoute = { ...denied, rule: 'services.browser.routes', error: 'destination_not_found' };
    expect(explainLine(noRoute).at(-1)).toContain('Add a route to services.browser.routes that matches it.');
  });

  test('says why no server could be reached, dial by dial', () => {
    const attempts = [
      { server: '192.0.2.7:80', ms: 3000, error: 'connection_timeout' },
      { server: '192.0.2.8:80', ms: 0.4, error: 'connection_refused' },
    ];
    const failed = {
      ...usual,
      verdict: 'connection-failed',
      attempts,
      error: 'connection_refused',
      why: 'The server refused the connection.',
      status: 502,
    };
    expect(explainLine(failed).slice(2)).toEqual([
      SERVER,
      'Connecting to 192.0.2.7:80 failed after 3000 ms: connection_timeout.',
      'Connecting to 192.0.2.8:80 failed after 0.4 ms: connection_refused.',
      expect.stringContaining(
        'allowed it, and no server could be reached. The server refused the connection. The answer was 502',
      ),
      'Check the port, and that the server is running. See docs/errors.md, "connection_refused".',
    ]);
  });

  test('says that a connection was used again, an address translated, an answer mended, and a client gone', () => {
    const { attempts: _attempts, ...rest } = usual;
    const text = explainLine({
      ...rest,
      reused: true,
      resolved: '203.0.113.1:80',
      translated: '192.0.2.7:80',
      repaired: ['fold'],
      verdict: 'aborted',
      error: 'http_response_incomplete',
      why: 'the client went away',
      status: 0,
      user: 'ann',
      parent: 7,
    }).join('\n');
    expect(text).toContain('10.1.2.3:40123 (zone dmz), logged in as ann, asked for');
    expect(text).toContain('took it, within the session 7 of an outer service, and chose');
    expect(text).toContain('The server is 192.0.2.7:80 (zone partners), translated from 203.0.113.1:80.');
    expect(text).toContain('A connection to it was open already, and was used again.');
    expect(text).toContain('but it did not come to its end. the client went away. No answer was begun');
    expect(text).toContain('mended (fold)');
  });

  test('is safe whatever a client sent, and of whatever is missing', () => {
    const text = explainLine({ ...usual, target: '\u001b[2J\u202e', user: 7, attempts: ['x'], verdict: 'new' }).join(
      '',
    );
    expect(text).toContain('\\x1b[2J\\u202e');
    expect(explainLine({ id: 'a-1' })).toEqual([
      'a client sent something that was not understood.',
      'No answer was begun; it was over after ? ms, with 0 bytes from the client and 0 to it.',
    ]);
  });
});
