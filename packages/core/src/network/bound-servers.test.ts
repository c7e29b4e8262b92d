import type { ServerConnection } from '../session/server-connection.ts';
import { describe, expect, test } from 'vitest';
import { addr, establishingLab } from '../../test-support/establishing.ts';
import { poolChannel } from '../diagnostics/channels.ts';
import type { PoolMessage } from '../diagnostics/pool-messages.ts';
import { BoundServers, boundServersOf } from './bound-servers.ts';
import type { Route } from '../routing/service.ts';
import { Session, sessionWriter } from '../session/session.ts';

const route: Route = {
  name: 'r',
  chainer: { kind: 'test', connectServer: () => Promise.reject(new Error('not here')) },
};
const [first, second] = ['192.168.0.1:80', '192.168.0.2:80'] as const;

async function lab(options: Parameters<typeof establishingLab>[1] = {}) {
  const made = await establishingLab([first, second], options);
  const { client, service } = made.session('10.0.0.9');
  /** A further session of the one client. */
  const session = (host: string, of: Route = route): Session => {
    const next = new Session(client, service);
    sessionWriter.setRoute(next, of);
    sessionWriter.setTarget(next, { host, port: 80 });
    return next;
  };
  const connect = async (host: string, remote: string = first, by: 'client' | 'operator' = 'operator') => {
    const whose = session(host);
    const server = await made.establisher(by)(whose, undefined, addr(remote));
    return { whose, server: BoundServers.bind(whose, server) };
  };
  return { ...made, client, session, connect };
}

describe('a bound connection', () => {
  test('is found by route, host and port, and only while nobody has it', async () => {
    const { client, session, connect, pool } = await lab();
    const { server } = await connect('a.example');
    expect(boundServersOf(client)!.acquire(session('a.example'))).toBeUndefined();
    server.release();
    expect(pool.idle).toBe(0);
    const other = { ...route, name: 'other' };
    expect(boundServersOf(client)!.acquire(session('b.example'))).toBeUndefined();
    expect(boundServersOf(client)!.acquire(session('a.example', other))).toBeUndefined();
    expect(boundServersOf(client)!.acquire(session('A.example'))).toBe(server);
    expect(server.reused).toBe(true);
    server.destroy();
    expect(pool.open).toBe(0);
  });

  test('is told as a hit of the pool that belongs to its client', async () => {
    const { client, session, connect } = await lab();
    const { server } = await connect('a.example');
    server.release();
    const heard: PoolMessage[] = [];
    const listen = (message: PoolMessage): void => void heard.push(message);
    poolChannel.subscribe(listen);
    const next = session('a.example');
    expect(boundServersOf(client)!.acquire(next)).toBe(server);
    poolChannel.unsubscribe(listen);
    const who = { session: next.id, client: client.id, server: addr(first) };
    expect(heard).toEqual([{ event: 'hit', ...who, bound: true, connection: server.id }]);
    expect(server.id).toBeGreaterThan(0);
    server.destroy();
  });

  test('is not for a session that may reuse none, as for a tunnel', async () => {
    const { client, session, connect } = await lab();
    (await connect('a.example')).server.release();
    const fresh = session('a.example');
    fresh.requireFreshServer();
    expect(boundServersOf(client)!.acquire(fresh)).toBeUndefined();
    boundServersOf(client)!.close();
  });

  test('is found by establishConnection for another host at the same server, where the operator chose it', async () => {
    const { session, establisher, connect } = await lab({ mode: 'forward', access: [{ action: 'allow' }] });
    const { server } = await connect('a.example');
    server.release();
    const next = await establisher('operator')(session('b.example'), undefined, addr(first));
    expect(next).toBe(server);
    next.release();
    const named = await establisher('client')(session('c.example'), undefined, addr(first));
    expect(named).not.toBe(server);
    named.destroy();
    server.destroy();
  });

  test('is evaluated for each session, by the address that it has', async () => {
    const { client, session, connect } = await lab({
      access: [{ action: 'deny', servers: ['192.168.0.1'], methods: ['DELETE'] }],
    });
    (await connect('a.example')).server.release();
    const denied = session('a.example');
    sessionWriter.setMethod(denied, 'DELETE');
    await expect(boundServersOf(client)!.acquire(denied)).rejects.toMatchObject({ code: 'destination_ip_prohibited' });
    expect(denied.decision).toMatchObject({ verdict: 'deny' });
    expect(boundServersOf(client)!.idle).toBe(1);
    const allowed = session('a.example');
    sessionWriter.setMethod(allowed, 'GET');
    expect(boundServersOf(client)!.acquire(allowed)).toBeDefined();
    expect(allowed.serverAddress).toEqual(addr(first));
  });

  test('closes when there are more than eight, the one first that was used least lately', async () => {
    const { client, session, connect, pool } = await lab();
    const held: ServerConnection[] = [];
    for (let number = 0; number < 9; number++) held.push((await connect(`h${number}`)).server);
    for (const server of held) server.release();
    expect([boundServersOf(client)!.idle, pool.open]).toEqual([8, 8]);
    expect(boundServersOf(client)!.acquire(session('h0'))).toBeUndefined();
    expect(boundServersOf(client)!.acquire(session('h1'))).toBe(held[1]);
    boundServersOf(client)!.close();
    expect(pool.open).toBe(1);
    held[1]!.release();
    expect(pool.open).toBe(0);
  });

  test('is gone when its server says something, or ends', async () => {
    const { client, session, connect, accepted, pool } = await lab();
    (await connect('a.example')).server.release();
    (await connect('b.example', second)).server.release();
    accepted[0]!.write(Buffer.from('unasked'));
    accepted[1]!.end();
    await expect.poll(() => pool.open).toBe(0);
    expect(boundServersOf(client)!.acquire(session('a.example'))).toBeUndefined();
    expect(boundServersOf(client)!.idle).toBe(0);
  });
});
