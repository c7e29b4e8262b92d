import { createHash } from 'node:crypto';
import { AccessDeniedError, PROXY_ERRORS, ProxyError, toProxyError, type ProxyErrorCode } from '@inband/core';
import { describe, expect, test } from 'vitest';
import { ErrorPages } from './error-pages.ts';
import { errorResponse, type ErrorContext } from './error-response.ts';
import { requestFault, responseFault } from '../message/head/faults.ts';
import type { HeadFault } from '../message/parser/head-parser.ts';

const context: ErrorContext = {
  mode: 'forward',
  pseudonym: 'px',
  method: 'GET',
  url: undefined,
  isLocal: true,
  html: false,
  setting: 'services.a.http.maxBody',
  date: 'now',
  keepAlive: false,
};

function respond(error: ProxyError, how: Partial<ErrorContext> = {}): { head: string; body: string } {
  const [head, body] = errorResponse(error, { ...context, ...how })
    .toString()
    .split('\r\n\r\n') as [string, string];
  return { head, body };
}

const tooBig = new ProxyError('http_request_error', 'The body is "too" <big>.', { status: 413 });

test('a program gets a problem with all that it can act on', () => {
  const { head, body } = respond(tooBig);
  expect(head.split('\r\n')).toEqual([
    'HTTP/1.1 413 Content Too Large',
    'Date: now',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    expect.stringMatching(
      /^Content-Security-Policy: default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri/,
    ),
    'Proxy-Status: px; error=http_request_error; details="The body is \\"too\\" <big>."',
    'Connection: close',
  ]);
  expect(JSON.parse(body)).toMatchObject({
    status: 413,
    detail: tooBig.message,
    fault: 'client',
    retry: false,
    setting: context.setting,
    error: 'http_request_error',
  });
});

test('a browser gets a page in which nothing of the message is markup', () => {
  const { head, body } = respond(tooBig, { html: true });
  expect(head).toContain('Content-Type: text/html; charset=utf-8');
  expect(body).toContain('The body is &quot;too&quot; &lt;big&gt;.');
  expect(body).toContain('services.a.http.maxBody');
  expect(body).not.toContain('<big>');
});

test('the policy of a page allows its style, and nothing else', () => {
  const { head, body } = respond(tooBig, { html: true });
  const style = /<style>([^]*)<\/style>/.exec(body)![1]!;
  expect(head).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  expect(body).not.toMatch(/ style=|<script|<link(?! rel="icon" href="data:,">)|<img| on[a-z]+=/);
  expect(head).toMatch(/; img-src data:$/m);
});

test('a page says what was asked for, when, and what to do, and nothing of it is markup', () => {
  const url = 'http://h/<b>"&amp;';
  const { body } = respond(tooBig, { html: true, url });
  expect(body).toContain('<code>http://h/&lt;b&gt;&quot;&amp;amp;</code>');
  expect(body).toContain('<footer>now &middot; px &middot;');
  expect(body).toContain('<p>Send a smaller body.</p>');
  expect(respond(tooBig, { html: true, url: `http://h/${'x'.repeat(9_000)}` }).body.length).toBeLessThan(5_000);
});

test('clients of other machines are not told places in the configuration', () => {
  const setting = 'services.a.access[0]';
  const denied = new AccessDeniedError('http_request_denied', `The rule ${setting} denies it.`, setting, { setting });
  for (const html of [true, false]) {
    const far = respond(denied, { html, setting, isLocal: false });
    expect(far.head + far.body).not.toContain('services.a');
    expect(far.body).toContain('Policy forbids the request.');
    const near = respond(denied, { html, setting });
    expect(near.body).toContain(`The rule ${setting} denies it.`);
  }
  expect(respond(tooBig, { isLocal: false }).body).toContain('too');
});

test('HEAD gets the head alone', () => {
  expect(errorResponse(tooBig, { ...context, method: 'HEAD' }).toString()).toMatch(
    /Content-Length: [1-9]\d+\r\n[^]*\r\n\r\n$/,
  );
});

test('no message can break out of its field', () => {
  const { head } = respond(new ProxyError('dns_error', 'a\r\nSet-Cookie: x\n"\\\u00e9\u{1f600}'));
  expect(head).not.toContain('\nSet-Cookie');
  expect(head).toMatch(/details="a\?\?Set-Cookie: x\?\\"\\\\\?\?+"/);
});

// docs/errors.md has the same table: packages/core/src/base/errors.test.ts.
test('every status that an error can have has a title', () => {
  for (const code of Object.keys(PROXY_ERRORS) as ProxyErrorCode[]) {
    const kind = PROXY_ERRORS[code];
    for (const status of [kind.status, ...('alsoStatus' in kind ? kind.alsoStatus : [])]) {
      const { head } = respond(new ProxyError(code, 'Why.', { status }));
      expect(head, code).toMatch(new RegExp(`^HTTP/1\\.1 ${status} (?!Error\\r)\\S`));
    }
  }
});

test('strangers are not told about servers and configuration behind a reverse proxy', () => {
  const secret = new ProxyError('connection_refused', '10.0.0.1:80 refused the connection.');
  expect(respond(secret).body).toContain('10.0.0.1');
  const { head, body } = respond(secret, { mode: 'reverse' });
  expect(head + body).not.toContain('10.0.0.1');
  expect(body).not.toContain('services.a');
  expect(respond(tooBig, { mode: 'reverse' }).body).toContain('too');
  expect(respond(new AccessDeniedError('http_request_denied', 'Read only.', 'r'), { mode: 'reverse' }).body).toContain(
    'Read only.',
  );
});

describe('faults of a head', () => {
  const statuses: Record<HeadFault, readonly [request: number, responseCode: string]> = {
    'line-end': [400, 'http_protocol_error'],
    'start-line-too-long': [414, 'http_protocol_error'],
    'head-too-big': [431, 'http_response_header_section_size'],
    'too-many-fields': [431, 'http_response_header_section_size'],
    'field-name': [400, 'http_protocol_error'],
    'field-name-too-long': [431, 'http_response_header_section_size'],
    'field-value': [400, 'http_protocol_error'],
    'folded-line': [400, 'http_protocol_error'],
    'field-alias': [400, 'http_protocol_error'],
    'framing-field': [400, 'http_protocol_error'],
    'empty-lines': [400, 'http_protocol_error'],
  };
  for (const [fault, [status, code]] of Object.entries(statuses)) {
    test(fault, () => {
      expect(requestFault(fault as HeadFault)).toMatchObject({ code: 'http_request_error', status });
      expect(responseFault(fault as HeadFault)).toMatchObject({ code, status: 502 });
      if (status !== 400 && fault !== 'field-name-too-long')
        expect(requestFault(fault as HeadFault).setting).toMatch(/^http\.max/);
    });
  }
});

test('what a defect said is for the log; what a plugin says on purpose is for the client', () => {
  const secret = 'connect to db.internal failed for user root';
  for (const html of [true, false]) {
    const { head, body } = respond(toProxyError(new Error(secret)), { html });
    expect(head + body).not.toContain('db.internal');
    expect(body).toContain('A defect of the proxy or of a plugin.');
    const told = respond(new ProxyError('proxy_internal_error', 'The licence has run out.'), { html });
    expect(told.body).toContain('The licence has run out.');
  }
});

test('the alert of a server is in Proxy-Status, except for strangers', () => {
  const error = new ProxyError('tls_alert_received', 'Refused.', { alert: { number: 48, name: 'unknown_ca' } });
  const field = 'Proxy-Status: px; error=tls_alert_received; alert-id=48; alert-message=unknown_ca; details="Refused."';
  expect(respond(error).head).toContain(field);
  expect(respond(error, { mode: 'reverse' }).head).not.toContain('alert-');
  expect(respond(tooBig).head).not.toContain('alert-');
});

test('the id of the request is in the page, in the problem and in Proxy-Status, but not at its end', () => {
  const id = 'k3v9x2pq-10';
  const { head, body } = respond(tooBig, { id });
  expect(head).toContain('Proxy-Status: px; error=http_request_error; id="k3v9x2pq-10"; details="');
  expect(JSON.parse(body)).toMatchObject({ id });
  expect(respond(tooBig, { id, html: true }).body).toContain(`<code>${id}</code>`);
});

describe('pages of the operator', () => {
  const pages = new ErrorPages({
    dns_error: 'name: {{detail}}',
    413: '<b>{{status}} {{title}}</b> {{detail}} {{advice}} {{fault}} {{proxy}} {{date}}{{#id}} {{id}}{{/id}}',
    default: 'other: {{error}}{{#setting}} {{setting}}{{/setting}}',
  });

  test('are shown to a browser with what the page of the proxy says', () => {
    const { head, body } = respond(tooBig, { html: true, pages, id: 'k-1' });
    expect(body).toBe(
      '<b>413 Content Too Large</b> The body is &quot;too&quot; &lt;big&gt;. Send a smaller body. client px now k-1',
    );
    expect(head).toContain(`Content-Length: ${body.length}\r\n`);
  });

  test('are found by the code, else by the status, else there is one for all', () => {
    const page = (error: ProxyError, how: Partial<ErrorContext> = {}) => {
      return respond(error, { html: true, pages, ...how }).body;
    };
    expect(page(new ProxyError('dns_error', 'No such name.'))).toBe('name: No such name.');
    expect(page(new ProxyError('dns_timeout', 'Too late.'))).toBe('other: dns_timeout services.a.http.maxBody');
    // Whoever is elsewhere is told no setting here either.
    expect(page(new ProxyError('dns_timeout', 'Too late.'), { isLocal: false })).toBe('other: dns_timeout');
    const some = new ErrorPages({ 404: 'x' });
    expect(page(tooBig, { pages: some })).toBe(respond(tooBig, { html: true }).body);
  });

  test('are not for programs, which get JSON', () => {
    expect(respond(tooBig, { pages })).toEqual(respond(tooBig));
  });

  test('have styles and pictures within themselves, and no scripts and nothing to fetch', () => {
    expect(respond(tooBig, { html: true, pages }).head).toContain(
      "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'; font-src data:; img-src data:\r\n",
    );
  });

  test('that are wrong are refused by their name', () => {
    expect(() => new ErrorPages({ 403: '\n{{x}}' })).toThrow(/page for 403 .*line 2: there is no field "x"/);
  });
});
