import { expect, test } from 'vitest';
import { fileOnlyIn } from './file-only.ts';

test.each([
  [{ plugins: null }, 'plugins'],
  [{ limits: {}, tracing: { sdk: './x.mjs' } }, 'tracing'],
  [{ log: { level: 'debug', file: '/etc/cron.d/x' } }, 'log.file'],
  [{ zones: { a: ['10.0.0.0/8'], b: { file: '/etc/shadow' } } }, 'zones.b.file'],
  [{ services: { a: null, b: { http: { errorPages: { 502: '/etc/shadow' } } } } }, 'services.b.http.errorPages'],
])('%j is a matter of the file: %s', (patch, setting) => {
  expect(fileOnlyIn(patch)).toBe(setting);
});

test.each([
  [{}],
  [{ log: { level: 'debug' }, zones: { a: ['10.0.0.0/8'] }, services: { b: { http: { via: 'x' } } } }],
  [{ log: { file: null }, zones: { b: { file: null } }, services: { b: { http: { errorPages: null } } } }],
  [{ log: 5, zones: [], services: { b: 'x' } }],
])('%j is not', (patch) => {
  expect(fileOnlyIn(patch)).toBeUndefined();
});
