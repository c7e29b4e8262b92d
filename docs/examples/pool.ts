/**
 * A pool behind a reverse proxy: one server has twice the share of another. Both go away, and a spare one serves: no client notices.
 *
 *     node docs/examples/pool.ts
 */
import { createInband } from 'inband';
import { ask, portOfProxy, startServer } from './local.ts';

const [strong, weak, spare] = [await startServer('strong'), await startServer('weak'), await startServer('spare')];
const inband = await createInband({
  listeners: [{ bind: '127.0.0.1:0', service: 'shop' }],
  services: {
    shop: {
      mode: 'reverse',
      routes: [
        {
          chainer: {
            type: 'pool',
            servers: [{ address: strong.address, weight: 2 }, weak.address, { address: spare.address, backup: true }],
            // By default the server with fewer sessions is chosen. In turn, it can be said who is next.
            balance: 'round-robin',
            // Asks each server every second, so that one that is back is found without a client.
            check: { type: 'tcp', interval: '1s' },
          },
        },
      ],
    },
  },
});
const port = portOfProxy(inband);
const sixAnswers = async (): Promise<string> => {
  const answers = [];
  for (let request = 0; request < 6; request += 1) answers.push(await ask(port, '/'));
  return answers.toSorted().join(', ');
};

console.log('all are up:    ', await sixAnswers());
strong.close();
console.log('without strong:', await sixAnswers());
weak.close();
console.log('without both:  ', await sixAnswers());

spare.close();
await inband.close({ grace: 0 });
