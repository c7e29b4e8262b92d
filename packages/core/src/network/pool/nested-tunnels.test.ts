import { expect, test } from 'vitest';
import { addr, establishingLab, refusal } from '../../../test-support/establishing.ts';
import { sessionWriter } from '../../session/session.ts';
import { MOST_NESTED } from './nested-tunnels.ts';

test('tunnels that lead back here one in the other end after a few, whoever chose where they go', async () => {
  const { establisher, session, network } = await establishingLab(['192.168.0.10:3128']);
  const connect = (client: Parameters<typeof session>[0]) => {
    const whose = session(client);
    sessionWriter.setMethod(whose, 'CONNECT');
    return establisher('operator')(whose, undefined, addr('192.168.0.10:3128'));
  };
  let client = addr('10.0.0.9:40000');
  for (let depth = 0; depth < MOST_NESTED; depth += 1) client = (await connect(client)).local;
  const dialled = network.dialled.length;
  const error = await refusal(connect(client));
  expect(error).toMatchObject({ code: 'proxy_loop_detected', status: 508 });
  expect(network.dialled).toHaveLength(dialled);
  await connect(addr('10.0.0.9:40001'));
});

test('a tunnel that is closed counts no more: its port may be somebody else’s', async () => {
  const { establisher, session, pool } = await establishingLab(['192.168.0.10:3128']);
  const whose = session('10.0.0.9');
  sessionWriter.setMethod(whose, 'CONNECT');
  const server = await establisher('operator')(whose, undefined, addr('192.168.0.10:3128'));
  const { local } = server;
  expect(pool.tunnels.depthOf(local)).toBe(1);
  expect(pool.tunnels.depthOf({ ...local, address: '10.7.7.7' } as typeof local)).toBe(0);
  server.destroy();
  expect(pool.tunnels.depthOf(local)).toBe(0);
});

test('requests are not counted: their Via tells of a loop', async () => {
  const { establisher, session, pool } = await establishingLab(['192.168.0.10:3128']);
  const whose = session('10.0.0.9');
  sessionWriter.setMethod(whose, 'GET');
  const server = await establisher('operator')(whose, undefined, addr('192.168.0.10:3128'));
  expect(pool.tunnels.depthOf(server.local)).toBe(0);
});
