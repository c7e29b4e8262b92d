import { afterAll, beforeAll } from 'vitest';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { keepingLogger } from '../../test-support/keeping-logger.ts';
import { type ServerProcess, startRedis } from '../../test-support/servers.ts';
import { suite } from '../../test-support/suite.ts';
import { openStore } from '../index.ts';

describeRequiring({ commands: ['redis-server'] }, 'redis-server', () => {
  const { logger } = keepingLogger();
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server.remove());

  suite({
    runs: 25,
    open: ({ now, ...options }) =>
      openStore({
        type: 'redis',
        logger,
        // A machine that is busy with other tests is no store that is away.
        deadline: 5_000,
        servers: { at: { host: '127.0.0.1', port: server.port } },
        ...(now !== undefined && { bucketClock: now }),
        ...options,
      }),
  });
});
