import { expect, onTestFinished, test } from 'vitest';
import { addr, establishingLab } from '../../test-support/establishing.ts';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import type { Connection } from '../base/connection.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { Session, sessionWriter } from '../session/session.ts';
import type { EstablishOptions } from './establish-options.ts';
import { sourceOf } from './source-address.ts';

const SERVER = '10.0.0.1:80';
const telling: EstablishOptions = { proxyProtocol: 'v1' };

async function setUp() {
  const lab = await establishingLab([SERVER]);
  onTestFinished(() => lab.timers.close());
  const connect = (session: Session, how: EstablishOptions = telling) =>
    lab.establisher('operator')(session, undefined, addr(SERVER), how);
  return { ...lab, connect };
}

/** What has arrived, first of all. */
function firstBytes(connection: Connection | undefined): Promise<string> {
  return new Promise((resolve) => {
    if (connection === undefined) throw new Error('Nothing has connected.');
    connection.handler = {
      data: (bytes, start, end) => resolve(bytes.toString('latin1', start, end)),
      drained() {},
      ended() {},
      closed() {},
    };
    connection.resume();
  });
}

test('a server is told of the client before anything else', async () => {
  const { session, connect, accepted } = await setUp();
  const server = await connect(session('192.0.2.7'));
  server.connection.write(Buffer.from('GET /'));
  expect(await firstBytes(accepted[0])).toMatch(/^PROXY TCP4 192\.0\.2\.7 10\.0\.0\.1 40000 3128\r\n/);
  server.destroy();
});

test('the header comes before the layer', async () => {
  const { session, connect, accepted } = await setUp();
  const tls = {
    id: 'tls',
    wrap: async (connection: Connection) => {
      connection.write(Buffer.from('hello'));
      return connection;
    },
  };
  const server = await connect(session('192.0.2.7'), { ...telling, tls });
  expect(await firstBytes(accepted[0])).toMatch(/^PROXY TCP4 .*\r\n(hello)?$/);
  server.destroy();
});

test('an idle connection is for clients of the same address alone, whatever their port, and for that version', async () => {
  const { session, connect } = await setUp();
  (await connect(session('192.0.2.7'))).release();
  const others: [Session, EstablishOptions][] = [
    [session('192.0.2.8'), telling],
    [session('2001:db8::7'), telling],
    [session('192.0.2.7'), { proxyProtocol: 'v2' }],
    [session('192.0.2.7'), {}],
  ];
  for (const [other, how] of others) {
    const server = await connect(other, how);
    expect(server.reused).toBe(false);
    server.destroy();
  }
  const again = await connect(session(addr('192.0.2.7:50123')));
  expect(again.reused).toBe(true);
  again.destroy();
});

/** Of a client whom a trusted proxy names. */
function told(lab: Awaited<ReturnType<typeof setUp>>, address: string, peer: string): Session {
  const { service } = lab.session('192.0.2.1');
  const client: ClientConnection = {
    id: 7,
    connection: new FakeConnection(),
    address: addr(address, 1),
    peer: addr(peer),
    local: addr('10.0.0.9:3128'),
    listener: addr('10.0.0.9:3128'),
  };
  return new Session(client, service);
}

test('what a proxy says of its client does not hide that the proxy comes through a tunnel of this one', async () => {
  const lab = await setUp();
  const { pool, connect } = lab;
  const tunnel = { local: addr('10.0.0.5:4444'), depth: 8 };
  pool.tunnels.add(tunnel);
  const session = told(lab, '192.0.2.7', '10.0.0.5:4444');
  sessionWriter.setMethod(session, 'CONNECT');
  await expect(connect(session)).rejects.toMatchObject({ code: 'proxy_loop_detected' });
  const other = told(lab, '10.0.0.5', '10.0.0.6:4444');
  sessionWriter.setMethod(other, 'CONNECT');
  (await connect(other)).destroy();
  pool.tunnels.remove(tunnel);
});

test('an address that is forged is that of who connected, and not one that somebody says', async () => {
  const lab = await setUp();
  const transport = { ...lab.network.transport(), transparentProblem: () => undefined };
  const how = { forgeAddr: true };
  const source = sourceOf(transport, told(lab, '192.0.2.7', '10.0.0.6:4444'), undefined, addr(SERVER), how);
  expect(source).toMatchObject({ address: '10.0.0.6', port: 0 });
});
