import { defineConfig } from 'vitest/config';

/** What runs over real sockets, and so once for every transport. */
const overSockets = ['test/e2e/**/*.test.ts', 'test/conformance/{sockets,soak/soak}.test.ts'];
const epoll = process.platform === 'linux' || process.env.INBAND_REQUIRE_ALL !== undefined;

/** What runs once more with every call into the system checked twice. */
const checkedAgain = [
  'test/conformance/sockets.test.ts',
  'test/e2e/{http,tunnel}.test.ts',
  'test/netns/{redirect,tproxy}.test.ts',
];

function onEpoll(name: string, include: string[], env: Record<string, string> = {}) {
  return { extends: true as const, test: { name, include, env: { INBAND_TEST_TRANSPORT: 'epoll', ...env } } };
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['{packages,apps}/*/src/**/*.test.ts', 'test/**/*.test.ts', 'bench/src/**/*.test.ts'],
        },
      },
      ...(epoll
        ? [onEpoll('epoll', overSockets), onEpoll('epoll-checked', checkedAgain, { INBAND_EPOLL_CHECK: '1' })]
        : []),
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // Processes, not threads: sockets, signals and descriptors are counted per process.
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'], exclude: ['**/*.test.ts'] },
  },
});
