import { expect } from 'vitest';
import { e2e, forward, type Lab } from './lab.ts';
import { RawClient } from './raw-client.ts';

/** A server that logs connections in as NTLM does: the third step names the user, and from then on the connection is theirs. */
async function loginOrigin(lab: Lab): Promise<{ port: number; connections: readonly unknown[] }> {
  return lab.tcpOrigin((socket) => {
    let user = '';
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        const [, message] = /\r\nauthorization: ntlm (\S+)/i.exec(head) ?? [];
        if (message?.startsWith('I-AM-')) user = message.slice('I-AM-'.length);
        if (user !== '') socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${user.length + 1}\r\n\r\n${user}\n`);
        else {
          const challenge = message === undefined ? 'NTLM' : 'NTLM CHALLENGE';
          socket.write(`HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 1\r\n\r\n\n`);
        }
      }
    });
    socket.on('end', () => socket.end());
  });
}

type Ask = (extra?: string) => Promise<string>;

/** A client that asks for `target` again and again, and gives status and body of the answers. */
async function client(lab: Lab, port: number, target: string, host = 'web.example'): Promise<Ask> {
  const raw = await RawClient.connect(port);
  lab.defer(() => raw.socket.destroy());
  return async (extra) => {
    raw.sendHead(`GET ${target} HTTP/1.1`, `Host: ${host}`, ...(extra === undefined ? [] : [extra]));
    const head = await raw.until('\r\n\r\n');
    const body = await raw.until('\n');
    return `${head.split(' ', 2)[1]} ${body.trim()}`.trim();
  };
}

async function logIn(ask: Ask, name: string): Promise<void> {
  expect(await ask()).toBe('401');
  expect(await ask('Authorization: NTLM HELLO')).toBe('401');
  expect(await ask(`Authorization: NTLM I-AM-${name}`)).toBe(`200 ${name}`);
}

e2e('a login on a server connection belongs to its client alone', async (lab) => {
  const origin = await loginOrigin(lab);
  const proxy = await lab.inband(forward());
  const host = `127.0.0.1:${origin.port}`;
  const join = (): Promise<Ask> => client(lab, proxy.port, `http://${host}/`, host);
  const alice = await join();
  await logIn(alice, 'alice');
  for (let number = 0; number < 10; number++) expect(await (await join())()).toBe('401');
  const bob = await join();
  await logIn(bob, 'bob');
  for (let round = 0; round < 10; round++) {
    expect([await alice(), await bob()]).toEqual(['200 alice', '200 bob']);
  }
});

e2e('across services, too; and a pool of servers keeps to the one that knows the user', async (lab) => {
  const hosts = [await loginOrigin(lab), await loginOrigin(lab)].map(({ port }) => `127.0.0.1:${port}`);
  const proxy = await lab.inband({
    listeners: ['pool', 'one', 'forward'].map((service) => ({ bind: '127.0.0.1:0', service })),
    services: {
      pool: { mode: 'reverse', routes: [{ chainer: { type: 'failover', hosts } }] },
      one: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: hosts[0]! } }] },
      forward: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] },
    },
  });
  const [pool = 0, one = 0, forwarding = 0] = proxy.ports;
  const alice = await client(lab, pool, '/');
  await logIn(alice, 'alice');
  for (let round = 0; round < 6; round++) {
    expect(await alice()).toBe('200 alice');
    expect(await (await client(lab, pool, '/'))()).toBe('401');
    expect(await (await client(lab, one, '/'))()).toBe('401');
    expect(await (await client(lab, forwarding, `http://${hosts[0]}/`, hosts[0]))()).toBe('401');
  }
});

e2e('a stacked service does not stand between the steps', async (lab) => {
  const origin = await loginOrigin(lab);
  const remote = `127.0.0.1:${origin.port}`;
  const proxy = await lab.inband({
    listeners: [{ bind: '127.0.0.1:0', service: 'outer' }],
    services: {
      outer: {
        mode: 'reverse',
        routes: [{ chainer: { type: 'sidestack', service: 'inner', chainer: { type: 'directed', remote } } }],
      },
      inner: { mode: 'transparent', http: { via: 'inner' }, routes: [{ chainer: { type: 'none' } }] },
    },
  });
  const alice = await client(lab, proxy.port, '/');
  await logIn(alice, 'alice');
  expect(await alice()).toBe('200 alice');
  expect(await (await client(lab, proxy.port, '/'))()).toBe('401');
});
