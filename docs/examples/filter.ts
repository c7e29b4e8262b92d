/**
 * Filters look at requests, answers and tunnels: a parent for each user, events of a program, bodies that are changed.
 *
 *     node docs/examples/filter.ts
 */
import { createInband } from 'inband';
import { chain, events, script, upperCase } from './filters.ts';
import { ask, portOfProxy, startServer } from './local.ts';

const server = await startServer('hello from the server');
const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;

// The parent of ann: another proxy, which wants a login of its own, and says what it sees.
const parent = await createInband({
  plugins: [chain],
  listeners: [{ bind: '127.0.0.1:0', service: 'parent' }],
  services: {
    parent: {
      mode: 'forward',
      // Two proxies of one process need two names.
      http: { via: 'parent' },
      routes: [{ chainer: { type: 'directed', remote: server.address } }],
      filters: [
        {
          onRequest: ({ login, url }) => {
            console.log(`  the parent has ${login?.user} ask for ${url}`);
          },
        },
      ],
    },
  },
});

const statuses: number[] = [];
const inband = await createInband({
  plugins: [chain, script],
  listeners: [
    { bind: '127.0.0.1:0', service: 'chained' },
    { bind: '127.0.0.1:0', service: 'shop' },
  ],
  services: {
    // What is behind a parent is judged by its name.
    chained: {
      mode: 'forward',
      access: [{ allow: { hosts: ['shop.example'] } }],
      routes: [{ chainer: { type: 'inband' } }],
      filters: [
        {
          type: 'chain',
          users: { ann: { password: 'one', parent: `http://me:secret@127.0.0.1:${portOfProxy(parent)}` } },
        },
      ],
    },
    shop: {
      mode: 'reverse',
      routes: [{ chainer: { type: 'directed', remote: server.address } }],
      filters: [
        events({
          proxyReq: ({ client }) => ({ 'x-client': String(client.id) }),
          proxyRes: ({ status }) => ({ 'x-status': String(status) }),
          end: ({ status }) => statuses.push(status),
        }),
        { type: 'script', replace: { hello: 'goodbye' }, block: ['blocked.example'] },
        { onResponse: ({ request }) => (request.path === '/loud' ? { body: upperCase } : undefined) },
      ],
    },
  },
});

const chained = portOfProxy(inband);
console.log('nobody:', await ask(chained, 'http://shop.example/a'));
console.log('ann:   ', await ask(chained, 'http://shop.example/a', 'GET', undefined, undefined, basic('ann:one')));

const address = inband.listeners[1]?.address;
const shop = address?.family === 'inet' ? address.port : 0;
console.log('shop:  ', await ask(shop, '/', 'GET', 'shop.example'));
console.log('loud:  ', await ask(shop, '/loud', 'GET', 'shop.example'));
console.log('block: ', await ask(shop, '/', 'GET', 'blocked.example'));
console.log('statuses:', statuses.join(' '));

server.close();
await inband.close({ grace: 0 });
await parent.close({ grace: 0 });
