import type { ConfigInput } from 'inband';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { freePorts } from '../../packages/core/test-support/free-port.ts';
import { describeRequiring } from '../support/requires.ts';
import { testTransport } from '../support/transport.ts';
import { textOf } from './bodies.ts';
import { e2e } from './lab.ts';
import { programCommand, startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';

/** A service that lets everybody go everywhere, so that only the proxy itself is in the way. */
const open = {
  mode: 'forward',
  access: [{ allow: {} }],
  http: { connectPorts: 'any' },
  routes: [{ chainer: { type: 'inband' } }],
} as const satisfies ConfigInput['services'][string];

/** Two services: whoever gets from the first to the second has passed by the rules of the second. */
function two(first: string, second: string): ConfigInput {
  return {
    listeners: [
      { bind: first, service: 'first' },
      { bind: second, service: 'second' },
    ],
    services: { first: open, second: open },
  };
}

/** Two services that lead to each other. */
function circle(first: number, second: number): ConfigInput {
  const to = (port: number) => ({
    ...open,
    routes: [{ chainer: { type: 'directed' as const, remote: `127.0.0.1:${port}` } }],
  });
  return { ...two(`127.0.0.1:${first}`, `127.0.0.1:${second}`), services: { first: to(second), second: to(first) } };
}

/** Opens tunnels one in the other until that is refused; gives their number. */
async function nest(port: number): Promise<number> {
  const client = await RawClient.connect(port);
  for (let tunnels = 0; ; tunnels += 1) {
    expect(tunnels).toBeLessThan(40);
    client.sendHead('CONNECT far.example:443 HTTP/1.1', 'Host: far.example:443');
    const head = await client.until('\r\n\r\n');
    if (head.startsWith('HTTP/1.1 200')) continue;
    expect(head).toMatch(/^HTTP\/1\.1 508 /);
    client.socket.destroy();
    await client.closed;
    return tunnels;
  }
}

async function statusOf(port: number, ...lines: string[]): Promise<string> {
  const client = await RawClient.connect(port);
  client.sendHead(...lines);
  const head = await client.until('\r\n\r\n');
  client.socket.destroy();
  await client.closed;
  return head.slice(9, 12);
}

describe('a client that asks the proxy for the proxy', () => {
  e2e('by the address of its other listener gets 508, for a tunnel and for a request', async (lab) => {
    const [first = 0, second = 0] = await freePorts(2);
    await lab.inband(two(`127.0.0.1:${first}`, `127.0.0.1:${second}`));
    for (const host of [`127.0.0.1:${second}`, `[::ffff:127.0.0.1]:${second}`, `localhost:${second}`]) {
      expect(await statusOf(first, `CONNECT ${host} HTTP/1.1`, `Host: ${host}`), host).toBe('508');
      expect(await statusOf(first, `GET http://${host}/ HTTP/1.1`, `Host: ${host}`), host).toBe('508');
    }
  });

  e2e('by any address of the machine gets 508 where a listener is on all of them', async (lab) => {
    const [first = 0, second = 0] = await freePorts(2);
    await lab.inband(two(`127.0.0.1:${first}`, `:${second}`));
    for (const address of ['127.0.0.1', '127.0.0.2', '127.77.1.9', '[::1]', 'localhost', '[::ffff:127.0.0.3]']) {
      const host = `${address}:${second}`;
      expect(await statusOf(first, `CONNECT ${host} HTTP/1.1`, `Host: ${host}`), host).toBe('508');
    }
  });

  e2e('gets 508 in each of several workers', async (lab) => {
    const [first = 0, second = 0] = await freePorts(2);
    const program = await startProgram(lab, { ...two(`127.0.0.1:${first}`, `:${second}`), workers: 2 });
    const host = `127.0.0.9:${second}`;
    for (let times = 0; times < 12; times += 1) {
      expect(await statusOf(program.port, `CONNECT ${host} HTTP/1.1`, `Host: ${host}`)).toBe('508');
    }
    program.kill('SIGTERM');
    await program.ended;
  });

  e2e('reaches the other listener where that is what the operator wrote', async (lab) => {
    const [first = 0, second = 0] = await freePorts(2);
    const origin = await lab.origin((_request, response) => response.end('here'));
    await lab.inband({
      listeners: [
        { bind: `127.0.0.1:${first}`, service: 'front' },
        { bind: `127.0.0.1:${second}`, service: 'back' },
      ],
      services: {
        front: {
          mode: 'reverse',
          http: { via: 'front' },
          routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${second}` } }],
        },
        back: {
          mode: 'reverse',
          http: { via: 'back' },
          routes: [{ chainer: { type: 'directed', remote: `127.0.0.1:${origin.port}` } }],
        },
      },
    });
    expect(await (await fetch(`http://127.0.0.1:${first}/`)).text()).toBe('here');
  });

  e2e('through a route that leads in a circle cannot put tunnels one in the other without end', async (lab) => {
    const [first = 0, second = 0] = await freePorts(2);
    await lab.inband(circle(first, second));
    expect(await nest(first)).toBe(8);
  });

  e2e('cannot do so through several workers either', async (lab) => {
    const [first = 0, second = 0] = await freePorts(2);
    const program = await startProgram(lab, { ...circle(first, second), workers: 3 });
    for (let times = 0; times < 4; times += 1) expect(await nest(first)).toBe(8);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
  });
});

/** Asks for an address that the machine does not have, and again when it has had it for a moment. */
const ASK_BEFORE_AND_AFTER = `
  ip link set lo up
  "$@" & proxy=$!
  ask() { curl --silent --output /dev/null --max-time 10 --write-out '%{http_code} ' --proxy http://127.0.0.1:3128 "$1"; }
  until ask http://127.0.0.1:3129/ | grep -q 508; do kill -0 $proxy || exit 9; sleep 0.1; done
  echo "before: $(ask http://192.0.2.55:3129/)"
  ip addr add 192.0.2.55/32 dev lo
  sleep 1.5
  echo "after: $(ask http://192.0.2.55:3129/)"
  kill $proxy; wait $proxy
`;

describeRequiring(
  { commands: ['unshare', 'ip', 'bash', 'curl'], networkNamespaces: true },
  'an address that the machine gets later',
  () => {
    e2e('is its own from then on', async (lab) => {
      const folder = await mkdtemp(join(tmpdir(), 'inband-own-'));
      lab.defer(() => rm(folder, { recursive: true }));
      const file = join(folder, 'inband.json');
      const everywhere = { ...open, access: [{ allow: { servers: ['0.0.0.0/0'] } }] };
      const config: ConfigInput = {
        ...two('127.0.0.1:3128', ':3129'),
        transport: testTransport,
        services: { first: everywhere, second: everywhere },
      };
      await writeFile(file, JSON.stringify(config));
      const script = ['--net', 'bash', '-c', ASK_BEFORE_AND_AFTER, 'bash', ...programCommand, '--config', file];
      const child = spawn('unshare', script, { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = once(child, 'close');
      const output = await textOf(child.stdout);
      await ended;
      expect(output).toMatch(/before: 502 \n/);
      expect(output).toMatch(/after: 508 \n/);
    });
  },
);
