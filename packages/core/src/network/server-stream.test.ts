import type { ServerConnection } from '../session/server-connection.ts';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { ProxyError } from '../base/errors.ts';
import { AccessPolicy, type AccessRule } from '../policy/access-policy.ts';
import { AddressZones } from '../zones/zones.ts';
import { ServerStream } from './server-stream.ts';
import type { Service } from '../routing/service.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { Session, sessionWriter } from '../session/session.ts';

const loopback = { family: 'inet', address: '127.0.0.1', port: 50_000 } as const;
const nothing = Buffer.from('out of turn');

function serviceWith(access: readonly AccessRule[] = []): Service {
  const policy = AccessPolicy.compile(access, { mode: 'reverse', zones: new AddressZones(), path: 'access' });
  return { name: 'inner', mode: 'transparent', policy, routesByPath: false, route: () => undefined };
}

function setUp() {
  const connection = new FakeConnection();
  const server: ServerConnection = {
    connection,
    remote: connection.remote,
    local: connection.local,
    reused: false,
    release: () => expect.fail('the outer connection is not for anybody else'),
    destroy: (error) => connection.destroy(error),
  };
  const client: ClientConnection = {
    id: 1,
    connection: new FakeConnection(),
    address: loopback,
    local: loopback,
    listener: loopback,
  };
  const outer = new Session(client, serviceWith());
  sessionWriter.setUser(outer, 'somebody');
  const events: string[] = [];
  const stream = new ServerStream(
    outer,
    server,
    () => events.push('lost'),
    ({ code }) => events.push(code),
  );
  const session = (access?: readonly AccessRule[]): Session =>
    new Session({ ...client, serverStream: stream }, serviceWith(access));
  return { connection, stream, session, outer, events };
}

test('a session has the stream, its parent and user, and the address of the server', () => {
  const { connection, session, stream, outer } = setUp();
  const serverAddress = connection.remote;
  expect(session()).toMatchObject({ serverStream: stream, parent: outer, user: 'somebody', serverAddress });
});

test('sessions pick it up one after the other, and only the first gets a fresh one', async () => {
  const { connection, stream, session, events } = setUp();
  const first = session();
  const one = await stream.pickUp(first);
  expect(one).toMatchObject({ connection, remote: connection.remote, local: connection.local, reused: false });
  expect(first.serverAddress).toBe(connection.remote);
  one.release();
  one.destroy();
  const two = await stream.pickUp(session());
  expect(two.reused).toBe(true);
  one.destroy();
  expect([connection.destroyed, events]).toEqual([false, []]);
  two.destroy();
  expect([connection.destroyed, events]).toEqual([true, ['lost']]);
});

test.each([
  [
    'the server has failed it',
    new ProxyError('connection_terminated', 'Nothing came.'),
    ['connection_terminated', 'lost'],
  ],
  ['its client has', new ProxyError('http_request_error', 'Not understood.'), ['lost']],
  ['nothing', undefined, ['lost']],
] as const)('whoever has made it hears of the end of a session that says: %s', async (_what, error, heard) => {
  const { stream, session, events } = setUp();
  (await stream.pickUp(session())).destroy(error);
  expect(events).toEqual(heard);
});

test('a second pick-up while it is out is an error', async () => {
  const { stream, session } = setUp();
  await stream.pickUp(session());
  await expect(stream.pickUp(session())).rejects.toMatchObject({ code: 'proxy_internal_error' });
});

test.each<[string, string, (handler: FakeConnection['handler']) => void]>([
  ['ends', 'has closed the connection', (handler) => handler.ended()],
  ['closes', 'has closed the connection', (handler) => handler.closed()],
  ['speaks out of turn', 'nobody had asked for', (handler) => handler.data(nothing, 0, nothing.length)],
])('a server that %s while it waits is gone for every session', async (_what, reason, happen) => {
  const { connection, stream, session, events } = setUp();
  expect(connection.paused).toBe(false);
  happen(connection.handler);
  expect([connection.destroyed, events]).toEqual([true, ['lost']]);
  expect(stream.failure).toMatchObject({ code: 'connection_terminated', address: connection.remote });
  expect(stream.failure?.message).toContain(reason);
  await expect(stream.pickUp(session())).rejects.toBe(stream.failure);
});

test('a rule denies it by its address; the stream stays for the next', async () => {
  const { stream, session } = setUp();
  const denied = session([{ action: 'deny', servers: ['loopback'] }]);
  await expect(stream.pickUp(denied)).rejects.toMatchObject({ code: 'destination_ip_prohibited', rule: 'access[0]' });
  await expect(Promise.resolve(stream.pickUp(session()))).resolves.toMatchObject({ reused: false });
});

test('a session that was aborted gets nothing', async () => {
  const { connection, stream, session } = setUp();
  const aborted = session();
  sessionWriter.abort(aborted);
  await expect(stream.pickUp(aborted)).rejects.toMatchObject({ code: 'connection_terminated' });
  expect(connection.destroyed).toBe(false);
});

test('closed while it waits, it closes the connection', () => {
  const { connection, stream, events } = setUp();
  stream.close();
  stream.close();
  expect([connection.destroyed, events]).toEqual([true, []]);
});

test('closed while it is out, it closes when it is given back', async () => {
  const { connection, stream, session, events } = setUp();
  const picked = await stream.pickUp(session());
  stream.close();
  expect(connection.destroyed).toBe(false);
  picked.release();
  expect([connection.destroyed, events]).toEqual([true, []]);
});
