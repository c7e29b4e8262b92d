import type { ServerConnection } from '../session/server-connection.ts';
import { expect, test } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { ignoreEvents } from '../base/connection.ts';
import type { ProtocolProxy } from '../clients/protocol-proxy.ts';
import type { Service } from '../routing/service.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { Session } from '../session/session.ts';
import { stackProxy } from './stack.ts';

const client: ClientConnection = {
  id: 7,
  connection: new FakeConnection(),
  address: { family: 'inet6', address: '2001:db8::7', port: 50_000 },
  local: { family: 'inet6', address: '2001:db8::1', port: 3128 },
  listener: { family: 'inet6', address: '::', port: 3128 },
};

function setUp(accept: (client: ClientConnection) => void = () => {}, service: Partial<Service> = {}) {
  const accepted: ClientConnection[] = [];
  const proxy: ProtocolProxy = {
    service: service as Service,
    open: 0,
    accept(stacked) {
      accepted.push(stacked);
      accept(stacked);
    },
    drain: () => Promise.resolve(),
    close() {},
  };
  const connection = new FakeConnection();
  const { remote, local } = connection;
  const session = new Session(client, {} as Service);
  const stack = (more: Partial<ServerConnection> = {}) =>
    stackProxy(proxy, session, {
      connection,
      remote,
      local,
      reused: false,
      release: () => expect.fail('it is not for anybody else'),
      destroy: (error) => connection.destroy(error),
      ...more,
    });
  return { accepted, connection, session, stack };
}

/** Long enough for everything that was scheduled, and what that schedules. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('the stacked proxy sees the real client on its way to the server', () => {
  const { accepted, connection, session, stack } = setUp();
  const outer = stack();
  const [inner] = accepted;
  expect(inner).toMatchObject({
    address: client.address,
    local: client.local,
    listener: client.listener,
    originalDestination: connection.remote,
  });
  expect(inner?.id).not.toBe(client.id);
  expect(inner?.connection).toMatchObject({ remote: client.address, local: connection.remote });
  expect(inner?.serverStream?.session).toBe(session);
  expect(outer).toMatchObject({ remote: connection.remote, local: connection.local, reused: false });
  outer.destroy();
});

test('bytes go both ways, as they were written, and wait while nobody reads', async () => {
  const { accepted, stack } = setUp();
  const outer = stack();
  const inner = accepted[0]!.connection;
  const heard: Buffer[] = [];
  inner.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => heard.push(Buffer.from(bytes.subarray(start, end))),
  };
  const bytes = Buffer.from('hello');
  outer.connection.write(bytes);
  bytes.fill(0);
  for (let index = 0; index < 1_000; index += 1) outer.connection.write(Buffer.from([index & 0xff]));
  await settled();
  expect(heard).toEqual([]);
  expect(outer.connection.write(Buffer.alloc(300_000))).toBe(false);
  inner.resume();
  await settled();
  const all = Buffer.concat(heard);
  expect(all.subarray(0, 5).toString()).toBe('hello');
  expect(all.length).toBe(5 + 1_000 + 300_000);
  expect([...all.subarray(5, 1_005)]).toEqual(Array.from({ length: 1_000 }, (_, index) => index & 0xff));
  outer.destroy();
});

test('to release it is to close it: the stacked proxy sees the end, and the server connection closes with it', async () => {
  const { accepted, connection, stack } = setUp((stacked) => {
    stacked.connection.handler = { ...ignoreEvents, ended: () => stacked.connection.end() };
    stacked.connection.resume();
  });
  stack().release();
  await settled();
  expect(accepted).toHaveLength(1);
  expect(connection.destroyed).toBe(true);
});

test('a reset goes through', async () => {
  const errors: (Error | undefined)[] = [];
  const { connection, stack } = setUp((stacked) => {
    stacked.connection.handler = { ...ignoreEvents, closed: (error) => errors.push(error) };
  });
  stack().destroy(new Error('reset'));
  await settled();
  expect(errors).toMatchObject([{ code: 'connection_terminated' }]);
  expect(connection.destroyed).toBe(true);
});

test.each([
  ['thrown away', (outer: ServerConnection) => outer.destroy()],
  ['closed by a relay', (outer: ServerConnection) => outer.connection.destroy()],
])(
  'what is %s is a reset to the stacked proxy, though its client has not written anything wrong',
  async (_how, end) => {
    const heard: string[] = [];
    const { connection, stack } = setUp((stacked) => {
      stacked.connection.handler = {
        ...ignoreEvents,
        ended: () => heard.push('ended'),
        closed: (error) => heard.push(error === undefined ? 'closed' : 'reset'),
      };
      stacked.connection.resume();
    });
    const outer = stack();
    outer.connection.write(Buffer.from('a request'));
    await settled();
    end(outer);
    await settled();
    expect(heard.at(-1)).toBe('reset');
    expect(connection.destroyed).toBe(true);
  },
);

test('a server connection that the outer proxy had picked up itself goes back on release, at once', () => {
  const given: string[] = [];
  const { stack } = setUp();
  const outer = stack({ irreplaceable: true, reused: true, release: () => given.push('release') });
  expect(outer).toMatchObject({ irreplaceable: true, reused: true });
  outer.release();
  expect(given).toEqual(['release']);
});

test('a stacked proxy with servers of its own does not end with a connection that it does not use', async () => {
  const heard: string[] = [];
  const { connection, stack } = setUp(
    (stacked) => {
      stacked.connection.handler = { ...ignoreEvents, ended: () => heard.push('ended') };
      stacked.connection.resume();
    },
    { onlyPicksUp: false },
  );
  const outer = stack();
  connection.handler.ended();
  await settled();
  expect([connection.destroyed, heard]).toEqual([true, []]);
  outer.destroy();
});

test('when the waiting server ends, the stacked proxy hears what is unread and then the end of its client', async () => {
  const heard: string[] = [];
  const { accepted, connection, stack } = setUp();
  const outer = stack();
  outer.connection.write(Buffer.from('before'));
  connection.handler.ended();
  expect(connection.destroyed).toBe(true);
  outer.connection.write(Buffer.from('after'));
  const inner = accepted[0]!.connection;
  inner.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => heard.push(bytes.toString('latin1', start, end)),
    ended() {
      heard.push('end');
      inner.write(Buffer.from('last words'));
      inner.end();
    },
    closed: () => heard.push('closed'),
  };
  inner.resume();
  outer.connection.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => heard.push(bytes.toString('latin1', start, end)),
    ended: () => heard.push('end for the outer proxy'),
  };
  outer.connection.resume();
  await settled();
  expect(heard).toEqual(['before', 'end', 'last words', 'closed', 'end for the outer proxy']);
  outer.destroy();
});

test('a proxy that throws leaves nothing open', () => {
  const { connection, stack } = setUp(() => {
    throw new Error('defect');
  });
  expect(stack).toThrow('defect');
  return settled().then(() => expect(connection.destroyed).toBe(true));
});
