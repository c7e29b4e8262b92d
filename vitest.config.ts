import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { COMPILE_CACHE } from './test/support/tiers/built-program.ts';

// Before the first worker starts, so that workers and whatever they start have it.
process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE;

export const everyTest = ['{packages,apps}/*/{src,page}/**/*.test.ts', 'test/**/*.test.ts', 'bench/src/**/*.test.ts'];

/**
 * What does not belong to the fast tier, by name: files that start processes, that are busy with real sockets for seconds,
 * or that compute for more than half a second, and the folders in which every file does. Everything else is fast, and is held to it (`test/support/fast-tier/no-processes.ts`).
 */
const slowTests = ['**/*.slow.test.ts', 'test/{e2e,netns,packages}/**/*.test.ts'];

const ignored = ['**/node_modules/**', '**/dist/**'];

/** What runs over real sockets, and so once for every transport. */
const overSockets = ['test/e2e/**/*.test.ts', 'test/{conformance/sockets,soak/soak}.slow.test.ts'];
const epoll = process.platform === 'linux' || process.env.INBAND_REQUIRE_ALL !== undefined;

/**
 * Of these, what asks for the same of a transport as the others: many clients, many rules, many services. Where there is epoll
 * they run on Node's sockets only with `INBAND_TEST_LONG`.
 */
const onOneTransport =
  epoll && process.env.INBAND_TEST_LONG === undefined
    ? [
        'test/e2e/{audit,browser-pages,chromium,curl,nested-stacks,node-clients,pac,tls-chromium,tls-fronts,usual-clients}.test.ts',
      ]
    : [];

/** What runs once more with every call into the system checked twice. */
const checkedAgain = [
  'test/conformance/sockets.slow.test.ts',
  'test/e2e/{http,tunnel}.test.ts',
  'test/netns/{redirect,tproxy}.test.ts',
];

/** Of projects with tests that start processes. The fast tier has a runner instead. */
export const slowTier = {
  globalSetup: ['test/support/tiers/built-program.ts'],
  setupFiles: ['test/support/tiers/patience.ts'],
};

function onEpoll(name: string, include: string[], env: Record<string, string> = {}) {
  return {
    extends: true as const,
    test: { ...slowTier, name, include, env: { INBAND_TEST_TRANSPORT: 'epoll', ...env } },
  };
}

/** Of a project that has tests of the fast tier only. */
export const fastTier = {
  exclude: [...ignored, ...slowTests],
  runner: './test/support/fast-tier/runner.ts',
  // Calls into OpenSSL are checked twice here. Over sockets they are those of a proxy.
  env: { INBAND_TLS_CHECK: '1' },
  // A process for each file would take as long as all of these tests; so a file undoes what it does to its process.
  isolate: false,
  execArgv: [
    // Tests make much that lives for a moment: the young generation that V8 begins with is collected often.
    '--min-semi-space-size=64',
    '--max-semi-space-size=64',
    // In megabytes: all sources and what tests keep fit in, so the old generation is not collected while it grows to that.
    '--initial-old-space-size=1536',
    // Five times and ten times V8's own: tests call most functions some hundred times, and a sixth of their processor time
    // went into optimizing these.
    '--invocation-count-for-maglev=2000',
    '--invocation-count-for-turbofan=30000',
    // There is a worker for each processor already: four threads of V8 beside each would collect and compile no earlier.
    '--v8-pool-size=1',
  ],
  // Node.js imports the sources itself, as a program does. So there is no `vi.mock` here, and a module is evaluated once.
  experimental: { viteModuleRunner: false, nodeLoader: false },
  // Each one more compiles all sources anew. A tier with workers of its own comes before the others.
  maxWorkers: availableParallelism(),
  sequence: { groupOrder: 0 },
  // As often as its runner has `vi.waitFor` look.
  expect: { poll: { timeout: 30_000, interval: 5 } },
};

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { ...fastTier, name: 'fast', include: everyTest } },
      {
        extends: true,
        test: { ...slowTier, name: 'node', include: slowTests, exclude: [...ignored, ...onOneTransport] },
      },
      ...(epoll
        ? [onEpoll('epoll', overSockets), onEpoll('epoll-checked', checkedAgain, { INBAND_EPOLL_CHECK: '1' })]
        : []),
    ],
    exclude: ignored,
    // Processes, not threads: sockets, signals and descriptors are counted per process.
    pool: 'forks',
    sequence: { groupOrder: 1 },
    // One more than processors, because these tests also wait: for processes to start, for timeouts and for each other.
    maxWorkers: availableParallelism() + 1,
    // A test of sockets, processes and clocks may fail once on a machine that halts for a moment. Where one such test would
    // stop everybody it is tried again, and the end of the output names it: it is a defect to be mended all the same.
    retry: process.env.INBAND_REQUIRE_ALL === undefined ? 0 : 1,
    // For what hangs, not for what is slow: a machine of CI that halts, or has ten things to do, takes ten times as long.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'], exclude: ['**/*.test.ts'] },
  },
});
