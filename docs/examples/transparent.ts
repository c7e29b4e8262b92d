/**
 * A client that knows of no proxy: the packet filter hands its connection over, and the proxy goes where it was going. Everything
 * happens in a network namespace of its own, which is gone afterwards. Linux, with the programs ip, nft and unshare.
 *
 *     node docs/examples/transparent.ts
 */
import { createInband, formatSockAddr } from 'inband';
import { execFileSync, spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { ask } from './local.ts';

const INSIDE = 'INBAND_EXAMPLE_INSIDE';

/** What is sent to port 80 arrives at the proxy. On a gateway this is a rule for what it forwards: docs/transparent.md. */
const RULES = `
table inet inband {
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.2 tcp dport 80 redirect to :3129
  }
}`;

if (process.env[INSIDE] === undefined) {
  // A namespace of its own needs root, or a user namespace in which this user is root.
  const flags = process.getuid?.() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
  const [, ...self] = process.argv;
  const { status, error } = spawnSync('unshare', [...flags, '--', process.execPath, ...self], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  if (error !== undefined) console.error(`No network namespace can be made: ${error.message}`);
  process.exit(status ?? 1);
}

execFileSync('ip', ['link', 'set', 'lo', 'up']);
execFileSync('nft', ['-f', '-'], { input: RULES });

const server = createServer((request, response) => response.end(`${request.headers.host} says hello`));
await new Promise<void>((resolve) => void server.listen(8080, '127.0.0.2', resolve));

const inband = await createInband(
  {
    listeners: [{ bind: '127.0.0.1:3129', service: 'guard', transparent: 'redirect' }],
    services: {
      guard: {
        mode: 'transparent',
        // To the address that the client was going to. The port is another one here, because what the proxy itself sends to
        // port 80 would be redirected as well.
        routes: [{ chainer: { type: 'transparent', forcedPort: 8080 } }],
      },
    },
  },
  {
    onSession: ({ session, status }) => {
      const { originalDestination } = session.client;
      const to = originalDestination === undefined ? 'nowhere' : formatSockAddr(originalDestination);
      console.log(`intercepted on its way to ${to}, answered with ${status}`);
    },
  },
);

console.log(await ask(80, '/', 'GET', 'shop.example', '127.0.0.2'));

server.close();
server.closeAllConnections();
await inband.close({ grace: 0 });
