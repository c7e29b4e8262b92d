/**
 * Rules about fields: a secret that only the proxy knows reaches the server, what servers need not know does not, and clients do not learn what
 * the server runs on.
 *
 *     node docs/examples/field-rule.ts
 */
import { createServer } from 'node:http';
import { createInband } from 'inband';
import { portOfProxy } from './local.ts';

/** Answers with the fields that it got. */
const server = createServer(({ headers }, response) => {
  const { authorization, 'x-debug': debug } = headers;
  response.setHeader('Server', 'a server with a version').end(JSON.stringify({ authorization, debug }));
});
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');

const inband = await createInband({
  listeners: [{ bind: '127.0.0.1:0', service: 'api' }],
  services: {
    api: {
      mode: 'reverse',
      fields: {
        // In a file: { authorization: { file: api-token.txt } } keeps the secret out of the configuration.
        request: [{ remove: ['x-debug'] }, { set: { authorization: 'Bearer of-the-proxy' } }],
        response: [{ remove: ['server'] }, { add: { 'cache-control': 'no-store' } }],
      },
      routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${address.port}` } }],
    },
  },
});

const headers = { authorization: 'Bearer of-a-client', 'x-debug': '1' };
const answer = await fetch(`http://127.0.0.1:${portOfProxy(inband)}/`, { headers });
console.log('the server got:', await answer.text());
console.log('the client got:', answer.headers.get('server'), answer.headers.get('cache-control'));

server.close();
await inband.close({ grace: 0 });
