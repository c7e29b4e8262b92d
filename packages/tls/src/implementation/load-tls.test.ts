import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.doUnmock('./openssl-implementation.ts');
  vi.resetModules();
});

/** `loadTls` of a process that has not loaded it yet. */
async function load(): Promise<{ names: string[]; warnings: string[] }> {
  const { loadTls } = await import('./load-tls.ts');
  const warnings: string[] = [];
  const log = { warn: (message: string): void => void warnings.push(message) };
  return { names: [loadTls(log).name, loadTls(log).name], warnings };
}

test('OpenSSL is called directly where it can be', async () => {
  expect(await load()).toEqual({ names: ['openssl', 'openssl'], warnings: [] });
});

test('where it cannot, node:tls is used, and the log says why once', async () => {
  vi.doMock('./openssl-implementation.ts', () => ({
    opensslImplementation: () => {
      throw new Error('OpenSSL 9 is not known.');
    },
  }));
  const { names, warnings } = await load();
  expect(names).toEqual(['node', 'node']);
  expect(warnings).toEqual([expect.stringContaining('OpenSSL 9 is not known.')]);
});

test('a variable has tests use node:tls', async () => {
  vi.stubEnv('INBAND_TLS_IMPLEMENTATION', 'node');
  expect(await load()).toEqual({ names: ['node', 'node'], warnings: [] });
});
