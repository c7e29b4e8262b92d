import { describe, expect, test } from 'vitest';
import { addr, establishingLab, refusal } from '../../test-support/establishing.ts';
import { createEstablisher } from './establish-connection.ts';
import { forgeAddrProblem } from './source-address.ts';
import { createNodeTransport } from '../transport/node/node.ts';

const forge = { forgeAddr: true };

describe('forgeAddr', () => {
  test.each([
    ['10.0.0.7', '10.0.0.80:80'],
    ['fd00::7', '[fd00::80]:80'],
  ])('the server sees the address of the client %s, with a port of the system', async (client, server) => {
    const { accepted, dials, session, establisher } = await establishingLab([server]);
    const connection = await establisher('operator')(session(client), undefined, addr(server), forge);
    expect(accepted[0]!.remote).toMatchObject({ address: client });
    expect(connection.local).toMatchObject({ address: client });
    expect(connection.local).not.toMatchObject({ port: 40_000 });
    expect(dials).toEqual([{ local: addr(client), transparent: true }]);
  });

  test('a connection is reused for its own client, whatever port that comes from, and for nobody else', async () => {
    const server = '10.0.0.80:80';
    const { network, session, establisher } = await establishingLab([server]);
    const connect = establisher('operator');
    const first = await connect(session('10.0.0.7:40001'), undefined, addr(server), forge);
    first.release();
    const other = await connect(session('10.0.0.8:40002'), undefined, addr(server), forge);
    expect(other).not.toBe(first);
    other.release();
    expect(connect(session('10.0.0.7:40003'), undefined, addr(server), forge)).toBe(first);
    expect(connect(session('10.0.0.8:40004'), undefined, addr(server), forge)).toBe(other);
    expect(network.dialled).toHaveLength(2);
  });

  test('a connection from a local address is never given to the client that has it, nor the other way round', async () => {
    const server = '10.0.0.80:80';
    const { session, establisher } = await establishingLab([server]);
    const connect = establisher('operator');
    const forged = await connect(session('10.0.0.7'), undefined, addr(server), forge);
    forged.release();
    const local = await connect(session('10.0.0.8'), addr('10.0.0.7'), addr(server));
    expect(local).not.toBe(forged);
    local.release();
    expect(connect(session('10.0.0.7'), undefined, addr(server), forge)).toBe(forged);
    (await connect(session('10.0.0.9'), undefined, addr(server))).destroy();
  });

  test('access is evaluated first, and then nothing is dialled', async () => {
    const access = [{ action: 'deny', servers: ['10.0.0.80'] }] as const;
    const { network, session, establisher } = await establishingLab([], { access });
    const error = await refusal(establisher('operator')(session('10.0.0.7'), undefined, addr('10.0.0.80:80'), forge));
    expect(error.code).toBe('destination_ip_prohibited');
    expect(network.dialled).toEqual([]);
  });

  test.each([
    ['a server of another family', addr('10.0.0.7'), undefined, 'destination_ip_unroutable', /another family/],
    ['local beside it', addr('fd00::7'), addr('fd00::1'), 'proxy_configuration_error', /exclude each other/],
    ['a client of a unix socket', { family: 'unix', path: '' }, undefined, 'proxy_configuration_error', /unix socket/],
  ] as const)('%s is refused, and nothing is dialled', async (_what, client, local, code, message) => {
    const { network, session, establisher } = await establishingLab([]);
    const error = await refusal(establisher('operator')(session(client), local, addr('[fd00::80]:80'), forge));
    expect(error).toMatchObject({ code, setting: 'chainer.forgeAddr', message: expect.stringMatching(message) });
    expect(network.dialled).toEqual([]);
  });

  test('a transport that cannot is refused, and named', async () => {
    const { pool, timers, session } = await establishingLab([]);
    const transport = createNodeTransport();
    const connect = createEstablisher({ transport, pool, timers })('operator');
    const error = await refusal(connect(session('127.0.0.1'), undefined, addr('127.0.0.1:9'), forge));
    expect(error).toMatchObject({ code: 'proxy_configuration_error', message: expect.stringContaining('"node"') });
    expect(forgeAddrProblem(transport)).toBe(error.message);
  });
});

describe('local', () => {
  test('is the outgoing address, its port included', async () => {
    const { accepted, session, establisher } = await establishingLab(['10.0.0.80:80']);
    await establisher('operator')(session('10.0.0.7'), addr('10.0.0.9:2000'), addr('10.0.0.80:80'));
    expect(accepted[0]!.remote).toEqual(addr('10.0.0.9:2000'));
  });

  test('of another family than the server is refused, and nothing is dialled', async () => {
    const { network, session, establisher } = await establishingLab([]);
    const error = await refusal(establisher('operator')(session('10.0.0.7'), addr('fd00::9'), addr('10.0.0.80:80')));
    expect(error).toMatchObject({ code: 'destination_ip_unroutable', setting: 'chainer.local' });
    expect(network.dialled).toEqual([]);
  });
});
