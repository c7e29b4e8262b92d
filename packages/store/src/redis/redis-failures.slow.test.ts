import { leakChecked } from '../../../../test/support/leak-check.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { failures } from '../../test-support/failures.ts';
import { startRedis } from '../../test-support/servers.ts';
import { openStore } from '../index.ts';

describeRequiring({ commands: ['redis-server'] }, 'redis-server', () => {
  failures({
    leakChecked,
    start: () => startRedis({ appends: true }),
    open: (port, options) => openStore({ type: 'redis', servers: { at: { host: '127.0.0.1', port } }, ...options }),
  });
});
