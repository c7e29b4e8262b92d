import { expect } from 'vitest';
import { e2e, forward, type Lab } from './lab.ts';
import { RawClient } from './raw-client.ts';

const CLIENTS = 200;
const END = 'END';

/**
 * An origin that answers twice what is asked for with `twice`. Its socket holds the second, small one back until the first
 * is acknowledged (Nagle), and the system likes to do that with the next request: then it looks like the answer to that.
 */
async function repeatingOrigin(lab: Lab): Promise<number> {
  const { port } = await lab.tcpOrigin((socket) => {
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const [, path = ''] = received.split(' ', 2);
        received = received.slice(end + 4);
        const answer = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        socket.write(answer(`asked ${path}${END}`));
        if (path.endsWith('twice')) setImmediate(() => socket.write(answer(`unasked ${path}${END}`)));
      }
    });
    socket.on('end', () => socket.end());
  });
  return port;
}

/** Has a client use its connection until the system acknowledges late there, and leaves an answer that is held back. */
async function leaveOne(client: RawClient, port: number): Promise<void> {
  for (let number = 0; number < 40; number++) await ask(client, port, '/first');
  await ask(client, port, '/twice');
}

async function ask(client: RawClient, port: number, path: string): Promise<string> {
  client.sendHead(`GET http://127.0.0.1:${port}${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`);
  const answer = await client.until(END);
  return answer.slice(answer.indexOf('\r\n\r\n') + 4, -END.length);
}

e2e('an answer that nobody asked for is no answer: one client after another', async (lab) => {
  const port = await repeatingOrigin(lab);
  const proxy = await lab.inband(forward());
  const first = await RawClient.connect(proxy.port);
  await leaveOne(first, port);
  first.socket.destroy();
  const wrong: string[] = [];
  for (let number = 0; number < CLIENTS; number++) {
    const client = await RawClient.connect(proxy.port);
    const body = await ask(client, port, `/${number}`);
    if (body !== `asked /${number}`) wrong.push(`${number}: ${body}`);
    client.socket.destroy();
  }
  expect(wrong).toEqual([]);
});

e2e('an answer that nobody asked for is no answer: clients that stay, in turn', async (lab) => {
  const port = await repeatingOrigin(lab);
  const proxy = await lab.inband(forward());
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(proxy.port)));
  for (const client of clients) await ask(client, port, '/before');
  const wrong: string[] = [];
  for (let round = 0; round < 10; round++) {
    const [first, ...others] = clients;
    await leaveOne(first!, port);
    for (const [number, client] of others.entries()) {
      const body = await ask(client, port, `/${number}`);
      if (body !== `asked /${number}`) wrong.push(`${round}, ${number}: ${body}`);
    }
    // What a server says twice to the same client cannot be told apart from an answer.
    first!.socket.destroy();
    clients[0] = await RawClient.connect(proxy.port);
  }
  expect(wrong).toEqual([]);
  for (const client of clients) client.socket.destroy();
});
