import { afterEach, expect, test, vi } from 'vitest';
import { TlsLoader } from './load-tls.ts';
import { opensslImplementation } from './openssl-implementation.ts';

afterEach(() => void vi.unstubAllEnvs());

/** What a process that has not loaded it yet has at two calls. */
function load(openssl = opensslImplementation): { names: string[]; warnings: string[] } {
  const loader = new TlsLoader(openssl);
  const warnings: string[] = [];
  const log = { warn: (message: string): void => void warnings.push(message) };
  return { names: [loader.load(log).name, loader.load(log).name], warnings };
}

test('OpenSSL is called directly where it can be', () => {
  expect(load()).toEqual({ names: ['openssl', 'openssl'], warnings: [] });
});

test('where it cannot, node:tls is used, and the log says why once', () => {
  const { names, warnings } = load(() => {
    throw new Error('OpenSSL 9 is not known.');
  });
  expect(names).toEqual(['node', 'node']);
  expect(warnings).toEqual([expect.stringContaining('OpenSSL 9 is not known.')]);
});

test('a variable has tests use node:tls', () => {
  vi.stubEnv('INBAND_TLS_IMPLEMENTATION', 'node');
  expect(load()).toEqual({ names: ['node', 'node'], warnings: [] });
});
