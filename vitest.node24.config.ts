import { configDefaults, defineConfig } from 'vitest/config';
import whole, { fastTier, slowTier } from './vitest.config.ts';

if (!process.version.startsWith('v24.')) {
  throw new Error(`These tests are for Node 24, and this is ${process.version}; run "npm run test:node24".`);
}

/**
 * The short form of the suite, for the oldest Node that is supported, where only what Node.js gives can differ: all of our code
 * runs once, in the unit tests (properties of it are tried a tenth as often), and of what needs processes and sockets one file
 * for each thing that we ask of Node.js. What asks for the same again (other clients, other limits, more transports, the
 * network) runs on the pinned Node.js only.
 * `pnpm vitest:node24` runs it there.
 */
export default defineConfig({
  ...whole,
  test: {
    ...whole.test,
    projects: [
      {
        extends: true,
        test: {
          ...fastTier,
          name: 'node-24-fast',
          include: [
            '{packages,apps}/*/src/**/*.test.ts',
            'test/transport/{memory,stack.long,tls/memory.long}.test.ts',
            'test/chainers/conformance{,-forms.long}.test.ts',
          ],
          env: { ...fastTier.env, INBAND_TEST_SHORT: '1' },
        },
      },
      {
        extends: true,
        test: {
          ...slowTier,
          name: 'node-24',
          include: [
            // Sockets, files, descriptors and foreign functions.
            'packages/{core,tls}/src/**/*.slow.test.ts',
            'packages/auth/src/hashes/make-hash.slow.test.ts',
            'test/transport/{node,duplex,tls,tls/sockets}.slow.test.ts',
            // Command line, types in sources and configurations, the debugger, limits, permissions, old versions.
            'apps/proxy/src/cli/{cli,config-sources,first-minute}.slow.test.ts',
            'apps/proxy/src/debug/**/*.slow.test.ts',
            'apps/proxy/src/{advice,run/{build,limits,listeners}}/*.slow.test.ts',
            'apps/proxy/src/run/{checkout,permission,old-node}.slow.test.ts',
            // What computes for a while.
            'packages/admin/src/server/*.slow.test.ts',
            'packages/acme/src/keep/keeper.slow.test.ts',
            'apps/proxy/src/run/reload.slow.test.ts',
            'apps/proxy/src/cluster/pushes/{pushed-to-members,starting-config}.slow.test.ts',
            'apps/proxy/src/acme/shared/share-acme.slow.test.ts',
            // Signals, threads, forked processes and what is handed over between processes.
            'apps/proxy/src/run/signals.slow.test.ts',
            'apps/proxy/src/admin/admin-{thread,side}.slow.test.ts',
            'apps/proxy/src/workers/{heartbeat,reload-workers}.slow.test.ts',
            'apps/proxy/src/handover/restart.slow.test.ts',
            // Writing to files, pipes and sockets of the system.
            'apps/proxy/src/log/{lost-log,syslog,outputs/*}.slow.test.ts',
            'test/e2e/http.test.ts',
          ],
          exclude: configDefaults.exclude,
        },
      },
      {
        extends: true,
        test: {
          ...slowTier,
          name: 'node-24-epoll',
          include: ['test/transport/epoll.slow.test.ts', 'test/e2e/{http,tunnel,stacking,program,callbacks}.test.ts'],
          env: { INBAND_TEST_TRANSPORT: 'epoll' },
        },
      },
    ],
  },
});
