/**
 * Clients of a forward proxy log in by user and password, and access rules go by their groups.
 *
 *     node docs/examples/login.ts
 */
import { randomBytes, scryptSync } from 'node:crypto';
import { createInband } from 'inband';
import { ask, portOfProxy, startServer } from './local.ts';

const server = await startServer('the registry');
const inband = await createInband({
  listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
  services: {
    out: {
      mode: 'forward',
      auth: {
        type: 'basic',
        realm: 'build',
        users: { ci: hash('a secret of jobs'), ann: hash('a secret of ann') },
        groups: { jobs: ['ci'] },
      },
      access: [
        { allow: { groups: ['jobs'], servers: ['127.0.0.0/8'] } },
        { deny: { reason: 'Only jobs go out here.' } },
      ],
      routes: [{ chainer: { type: 'inband' } }],
    },
  },
});

console.log('nobody:', await status());
console.log('ci:    ', await status('ci', 'a secret of jobs'));
console.log('wrong: ', await status('ci', 'a guess'));
console.log('ann:   ', await status('ann', 'a secret of ann'));

server.close();
await inband.close({ grace: 0 });

async function status(user?: string, password?: string): Promise<string> {
  const login = user === undefined ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const answer = await ask(portOfProxy(inband), `http://${server.address}/`, 'GET', server.address, '127.0.0.1', login);
  return answer.startsWith('200') ? answer : answer.slice(0, 3);
}

/** What `inband hash --scheme scrypt` prints, with a cost that suits an example. */
function hash(password: string): string {
  const salt = randomBytes(16);
  const tag = scryptSync(password, salt, 32, { N: 2 ** 12, r: 8, p: 1 });
  return `$scrypt$ln=12,r=8,p=1$${[salt, tag].map((bytes) => bytes.toString('base64').replaceAll('=', '')).join('$')}`;
}
