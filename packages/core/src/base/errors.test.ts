import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  AccessDeniedError,
  DefectError,
  NotImplementedError,
  PROXY_ERRORS,
  ProxyError,
  toProxyError,
  type ProxyErrorCode,
} from './errors.ts';

const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
const codes = Object.keys(PROXY_ERRORS) as ProxyErrorCode[];

function row(code: ProxyErrorCode): string {
  const kind = PROXY_ERRORS[code];
  const status = [kind.status, ...('alsoStatus' in kind ? kind.alsoStatus : [])].join(', ');
  return `| \`${code}\` | ${status} | ${kind.fault} | ${kind.retry ? 'yes' : 'no'} | ${kind.description} |`;
}

describe('docs/errors.md', () => {
  test('has exactly the rows of the table of errors, in its order', () => {
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(codes.map(row));
  });

  test('says of every code what to do about it, in the order of the table', () => {
    expect([...page.matchAll(/^### `(.+)`$/gm)].map((match) => match[1])).toEqual(codes);
  });

  test('explains every status that a request error can have', () => {
    const { status, alsoStatus } = PROXY_ERRORS.http_request_error;
    // The errors of authentication and limits have a table of their own.
    const section = page.slice(0, page.indexOf('the status says more:'));
    const explained = [...section.matchAll(/^\| (\d{3}) \|/gm)].map((match) => Number(match[1]));
    expect(explained).toEqual([status, ...alsoStatus]);
  });
});

test('statuses agree with whose fault it is', () => {
  for (const code of codes) {
    const { fault, status } = PROXY_ERRORS[code];
    if (fault === 'client') expect([400, 403, 404, 508]).toContain(status);
    else expect(status).toBeGreaterThanOrEqual(500);
  }
});

test('an error carries what its code says', () => {
  const cause = new Error('beneath');
  const error = new ProxyError('connection_refused', 'No.', { cause, setting: 'chainer.remote' });
  expect(error).toMatchObject({
    name: 'ProxyError',
    code: 'connection_refused',
    status: 502,
    fault: 'server',
    retry: true,
  });
  expect(error).toMatchObject({ setting: 'chainer.remote', cause, address: undefined, message: 'No.' });
  expect(new ProxyError('http_request_error', 'Long.', { status: 414 }).status).toBe(414);
});

test('an error that says when to try again is worth another try, whatever its code', () => {
  expect(new ProxyError('http_request_denied', 'Too many.', { status: 429 }).retry).toBe(false);
  expect(new ProxyError('http_request_denied', 'Too many.', { status: 429, retryAfter: 6 }).retry).toBe(true);
});

test('a denial and a chainer without connectServer are proxy errors of their own kind', () => {
  const denied = new AccessDeniedError('http_request_denied', 'No.', 'services.web.access[0]');
  expect(denied).toBeInstanceOf(ProxyError);
  expect(denied).toMatchObject({ name: 'AccessDeniedError', rule: 'services.web.access[0]', status: 403 });
  expect(new NotImplementedError('Not here.')).toMatchObject({ code: 'proxy_internal_error', status: 500 });
});

test('whatever a plugin throws becomes a proxy error, once', () => {
  const known = new ProxyError('dns_error', 'Unknown.');
  expect(toProxyError(known)).toBe(known);
  const thrown = new TypeError('x is undefined');
  expect(toProxyError(thrown)).toMatchObject({
    code: 'proxy_internal_error',
    message: 'x is undefined',
    cause: thrown,
  });
  expect(toProxyError('text')).toMatchObject({ code: 'proxy_internal_error', message: 'text' });
  expect(toProxyError(thrown)).toBeInstanceOf(DefectError);
  expect(toProxyError(Object.create(null))).toMatchObject({ message: expect.stringContaining('cannot be written') });
});
