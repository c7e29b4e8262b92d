import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeConnection } from '../../test-support/fake-connection.ts';
import { inetAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import { ProxyError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { Timers } from '../base/timers.ts';
import { writeHeader } from '../proxy-protocol/write-header.ts';
import type { ClientConnection } from '../session/session-view.ts';
import { AcceptedClient } from './accepted-client.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { ProtocolProxy } from './protocol-proxy.ts';
import { createProxiedClients, type ProxiedClientsOptions } from './proxied-clients.ts';
import { WaitingBytes } from './waiting-bytes.ts';

const address = (text: string, port = 1): InetAddr => inetAddr(text, port)!;
const balancer = address('10.0.0.2', 5000);
const listener = address('10.0.0.1', 8080);
const source = address('192.0.2.7', 40_123);
const destination = address('198.51.100.1', 443);
const header = writeHeader('v2', { kind: 'proxied', source, destination });
const TOO_MANY = new ProxyError('connection_limit_reached', 'Too many.');
const CLOSED = 'closed a connection because of the PROXY protocol (docs/client-address.md)';

let timers: Timers;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  timers = new Timers();
});

afterEach(() => {
  expect(timers.running).toBe(0);
  timers.close();
  vi.useRealTimers();
});

function setUp(options: Partial<ProxiedClientsOptions> = {}) {
  const accepted: ClientConnection[] = [];
  const refused: [ClientConnection, ProxyError][] = [];
  const lines: object[] = [];
  const received: string[] = [];
  const own = ({ connection }: ClientConnection): void => {
    connection.handler = {
      data: (bytes, start, end) => void received.push(bytes.toString('latin1', start, end)),
      drained() {},
      ended() {},
      closed() {},
    };
    connection.resume();
  };
  const proxy: ProtocolProxy = {
    open: 0,
    accept(client) {
      expect(client.connection).toHaveProperty('paused', true);
      accepted.push(client);
      own(client);
    },
    refuse(client, error) {
      refused.push([client, error]);
      own(client);
    },
    drain: () => Promise.resolve(),
    close() {},
  };
  const front = createProxiedClients({
    proxy,
    trusts: (peer: SockAddr) => peer.family === 'unix' || peer.address === balancer.address,
    accept: 'required',
    timeout: 3_000,
    timers,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what is used
    logger: { warn: (fields: object, message: string) => lines.push({ ...fields, message }) } as unknown as Logger,
    waitingBytes: new WaitingBytes(),
    ...options,
  });
  const connect = (peer: SockAddr = balancer, error?: ProxyError) => {
    const connection = new FakeConnection();
    const client = new AcceptedClient({ connection, address: peer, local: listener, listener });
    if (error === undefined) front.accept(client);
    else front.refuse?.(client, error);
    const send = (bytes: Buffer): void => connection.handler.data(bytes, 0, bytes.length);
    return { connection, client, send };
  };
  return { front, accepted, refused, lines, received, connect };
}

test('a client is whom the header names, and the proxy its peer', () => {
  const { accepted, received, connect, front } = setUp();
  const { connection, send } = connect();
  for (const byte of header.subarray(0, -1)) send(Buffer.from([byte]));
  expect(accepted).toEqual([]);
  expect(front.open).toBe(1);
  send(Buffer.concat([header.subarray(-1), Buffer.from('GET /')]));
  expect(accepted[0]).toMatchObject({ address: source, peer: balancer, local: listener, listener, connection });
  expect(accepted[0]?.originalDestination).toBeUndefined();
  expect(received).toEqual(['GET /']);
  expect(front.open).toBe(0);
});

test.each([
  ['LOCAL', writeHeader('v2', { kind: 'local' })],
  ['UNKNOWN', writeHeader('v1', { kind: 'unknown' })],
])('after %s the client is the proxy itself', (_what, bytes) => {
  const { accepted, connect } = setUp();
  const { client, send } = connect();
  send(bytes);
  expect(accepted).toEqual([client]);
});

test('where a header is required, nobody else is served, and the log says why', () => {
  const { accepted, lines, connect } = setUp();
  const { connection } = connect(source);
  expect(connection.destroyed).toBe(true);
  expect(accepted).toEqual([]);
  const why = 'It is not one of the trusted proxies (trustedProxies), and none of others is served here.';
  expect(lines).toEqual([{ client: '192.0.2.7:40123', listener: '10.0.0.1:8080', why, message: CLOSED }]);
});

test('where it is optional, the header of nobody else is read', () => {
  const { accepted, received, connect } = setUp({ accept: 'optional' });
  const { client, send } = connect(source);
  send(header);
  expect(accepted).toEqual([client]);
  expect(received).toEqual([header.toString('latin1')]);
});

test('where it is optional, a trusted proxy may leave it out', () => {
  const { accepted, received, connect } = setUp({ accept: 'optional' });
  const { client, send } = connect();
  send(Buffer.from('PRO'));
  expect(accepted).toEqual([]);
  send(Buffer.from('PFIND / HTTP/1.1'));
  expect(accepted).toEqual([client]);
  expect(received).toEqual(['PROPFIND / HTTP/1.1']);
});

test.each<[string, Buffer, string]>([
  [
    'another protocol',
    Buffer.from('GET / HTTP/1.1\r\n'),
    'The header was refused: the connection begins with something else.',
  ],
  [
    'a wrong header',
    Buffer.from('PROXY TCP4 1 2 3 4\r\n'),
    'The header was refused: an address in its line is none of TCP4.',
  ],
  [
    'the loopback of another machine',
    writeHeader('v1', { kind: 'proxied', source: address('127.0.0.1'), destination }),
    'The header was refused: 127.0.0.1 is an address of the machine that says so, and not of a client.',
  ],
  [
    'what is no address of a client',
    writeHeader('v2', { kind: 'proxied', source: address('0.0.0.0'), destination }),
    'The header was refused: 0.0.0.0 is no address of a client.',
  ],
])('closes the connection of a proxy that sends %s', (_what, bytes, why) => {
  const { accepted, lines, connect } = setUp();
  const { connection, send } = connect();
  send(bytes);
  expect(connection.destroyed).toBe(true);
  expect(accepted).toEqual([]);
  expect(lines).toEqual([{ client: '10.0.0.2:5000', listener: '10.0.0.1:8080', why, message: CLOSED }]);
});

test('a proxy on this machine may have a client on this machine', () => {
  const { accepted, connect } = setUp();
  connect({ family: 'unix', path: '' }).send(
    writeHeader('v2', { kind: 'proxied', source: address('127.0.0.1'), destination }),
  );
  expect(accepted[0]?.address).toEqual(address('127.0.0.1'));
});

test('a header must come in time', () => {
  const { lines, connect } = setUp();
  const slow = connect();
  slow.send(header.subarray(0, 20));
  const silent = connect();
  vi.advanceTimersByTime(3_100);
  expect(slow.connection.destroyed).toBe(true);
  expect(silent.connection.destroyed).toBe(true);
  expect(lines).toMatchObject([{ why: 'The header was not complete within 3000 ms (proxyProtocol.timeout).' }]);
});

test('where it is optional, who is silent is handed on', () => {
  const { accepted, connect } = setUp({ accept: 'optional' });
  const { client } = connect();
  vi.advanceTimersByTime(3_100);
  expect(accepted).toEqual([client]);
});

test('what ends in the middle of a header is a line in the log, what sends nothing is none', () => {
  const { lines, connect } = setUp();
  connect().connection.handler.ended();
  const begun = connect();
  begun.send(header.subarray(0, 5));
  begun.connection.handler.ended();
  expect(begun.connection.destroyed).toBe(true);
  expect(lines).toMatchObject([{ why: 'The connection ended in the middle of the header.' }]);
});

test('a client that is refused is told so by its proxy, behind the header', () => {
  const { refused, received, connect } = setUp();
  connect(balancer, TOO_MANY).send(Buffer.concat([header, Buffer.from('GET /')]));
  expect(refused).toMatchObject([[{ address: source }, TOO_MANY]]);
  expect(received).toEqual(['GET /']);
});

test.each(['required', 'optional'] as const)(
  'what follows the header (%s) of who is closed at once is dropped',
  (accept) => {
    const proxy: ProtocolProxy = {
      open: 0,
      accept: ({ connection }) => connection.destroy(TOO_MANY),
      drain: () => Promise.resolve(),
      close() {},
    };
    const { connect, lines } = setUp({ proxy, accept });
    const { connection, send } = connect();
    send(Buffer.concat([header, Buffer.from('GET /')]));
    expect(lines).toEqual([]);
    expect(connection).toMatchObject({ destroyed: true, error: TOO_MANY });
  },
);

test('connections count as those of the clients that are told', () => {
  const gate = new ConnectionGate({ perClient: 1 });
  const { accepted, refused, connect } = setUp({ gate });
  const open = (port: number, text: string) => {
    const { connection, send } = connect();
    gate.enter(connection);
    expect(gate.refusal(connection)).toBeUndefined();
    send(writeHeader('v1', { kind: 'proxied', source: address(text, port), destination }));
    return connection;
  };
  const first = open(1, '192.0.2.7');
  open(2, '192.0.2.8');
  open(3, '192.0.2.7');
  expect(accepted.map((client) => client.address)).toEqual([address('192.0.2.7', 1), address('192.0.2.8', 2)]);
  expect(refused).toMatchObject([[{ address: address('192.0.2.7', 3) }, { setting: 'limits.perClient.connections' }]]);
  gate.leave(first);
  open(4, '192.0.2.7');
  expect(accepted).toHaveLength(3);
});

test('drained, it gives silent connections a moment and the others their time', async () => {
  const { front, accepted, connect } = setUp();
  const silent = connect();
  const begun = connect();
  begun.send(header.subarray(0, 5));
  const drained = front.drain();
  vi.advanceTimersByTime(1_100);
  expect(silent.connection.destroyed).toBe(true);
  begun.send(header.subarray(5));
  expect(accepted).toHaveLength(1);
  await drained;
});

test('closed, it closes what it has', () => {
  const { front, connect } = setUp();
  const { connection } = connect();
  front.close();
  expect(connection.destroyed).toBe(true);
  expect(front.open).toBe(0);
});
