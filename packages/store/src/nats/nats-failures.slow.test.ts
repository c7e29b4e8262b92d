import { leakChecked } from '../../../../test/support/leak-check.ts';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { failures } from '../../test-support/failures.ts';
import { startNats } from '../../test-support/servers.ts';
import { openStore } from '../index.ts';

describeRequiring({ commands: ['nats-server'] }, 'nats-server', () => {
  failures({
    leakChecked,
    start: startNats,
    open: (port, options) =>
      openStore({ type: 'nats', servers: { addresses: [{ host: '127.0.0.1', port }] }, ...options }),
  });
});
