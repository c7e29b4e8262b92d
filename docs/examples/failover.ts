/**
 * Two servers behind a reverse proxy; one goes away, and no client notices.
 *
 *     node docs/examples/failover.ts
 */
import { createInband } from 'inband';
import { ask, portOfProxy, startServer } from './local.ts';

const servers = [await startServer('one'), await startServer('two')];
const inband = await createInband({
  listeners: [{ bind: '127.0.0.1:0', service: 'shop' }],
  services: {
    shop: {
      mode: 'reverse',
      routes: [
        {
          chainer: {
            type: 'failover',
            hosts: servers.map(({ address }) => address),
            // Each request begins with the next server; `sticky` stays with the first one that works.
            policy: 'rotate',
            // So long a server that failed is not asked, unless all have.
            stateTimeout: '60s',
          },
        },
      ],
    },
  },
});
const port = portOfProxy(inband);
const fourAnswers = async (): Promise<string[]> => {
  const answers = [];
  for (let request = 0; request < 4; request += 1) answers.push(await ask(port, '/'));
  return answers;
};

console.log('both servers:', (await fourAnswers()).join(', '));
servers[0]?.close();
console.log('without one: ', (await fourAnswers()).join(', '));

servers[1]?.close();
await inband.close({ grace: 0 });
