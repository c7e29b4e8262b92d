import { expect, test } from 'vitest';
import { ProxyError } from '../base/errors.ts';
import { dnsFailure } from './dns-errors.ts';

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test.each(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'ENEVERHEARDOF'])('%s is a dns_error', (code) =>
  expect(dnsFailure('x.example', failure(code)).code).toBe('dns_error'),
);

test.each(['EAI_AGAIN', 'ETIMEOUT', 'ECONNREFUSED', 'ESERVFAIL', 'EREFUSED', 'EAI_FAIL'])(
  '%s is a dns_timeout: nobody answered',
  (code) => expect(dnsFailure('x.example', failure(code)).code).toBe('dns_timeout'),
);

test('the message names the host and the reason, and the cause is kept', () => {
  const cause = failure('ENOTFOUND');
  const error = dnsFailure('x.example', cause);
  expect(error.message).toBe('The name "x.example" could not be resolved: it does not exist.');
  expect(error.cause).toBe(cause);
});

test('an unknown code is shown', () => {
  expect(dnsFailure('x.example', failure('EODD')).message).toContain('EODD');
});

test('what a resolver says in our own words stays as it is', () => {
  const error = new ProxyError('dns_timeout', 'Slow.');
  expect(dnsFailure('x.example', error)).toBe(error);
});

test('anything thrown becomes a ProxyError', () => {
  expect(dnsFailure('x.example', 'a string').code).toBe('dns_error');
});
