import { configDefaults, defineConfig } from 'vitest/config';
import whole from './vitest.config.ts';

if (!process.version.startsWith('v24.')) {
  throw new Error(`These tests are for Node 24, and this is ${process.version}; run "npm run test:node24".`);
}

/**
 * The short form of the suite, for the oldest Node that is supported: everything that needs no network, and of the rest
 * what depends on the runtime most. `pnpm vitest:node24` runs it there.
 */
export default defineConfig({
  ...whole,
  test: {
    ...whole.test,
    projects: [
      {
        extends: true,
        test: {
          name: 'node-24',
          include: [
            '{packages,apps}/*/src/**/*.test.ts',
            'test/transport/{memory,stack}.test.ts',
            'test/transport/{node,duplex,tls}.slow.test.ts',
            'test/chainers/conformance.test.ts',
            'test/e2e/{http,stacking}.test.ts',
          ],
          // What takes many seconds of waiting for processes.
          exclude: [
            ...configDefaults.exclude,
            'apps/proxy/src/**/{supervisor,draining,unread-log,unresponsive,unfinished}.slow.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'node-24-epoll',
          include: [
            'test/transport/epoll.slow.test.ts',
            'test/e2e/{http,tunnel,stacking,callbacks,aborts,program,node-clients}.test.ts',
            'test/netns/stacking.test.ts',
          ],
          env: { INBAND_TEST_TRANSPORT: 'epoll' },
        },
      },
    ],
  },
});
