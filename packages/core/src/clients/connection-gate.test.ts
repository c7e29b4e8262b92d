import { describe, expect, test } from 'vitest';
import { addr } from '../../test-support/establishing.ts';
import type { SockAddr } from '../base/address.ts';
import { transportChannel } from '../diagnostics/channels.ts';
import type { TransportMessage } from '../diagnostics/transport-messages.ts';
import { ConnectionGate } from './connection-gate.ts';
import type { Connection } from '../base/connection.ts';
import { createMemoryNetwork } from '../transport/memory/memory.ts';

const network = createMemoryNetwork();

function from(client: SockAddr | string): Connection {
  const address = typeof client === 'string' ? addr(client, 40_000) : client;
  return network.connectPair({ client: address }).server;
}

/** What happens to a client that comes. */
function comes(gate: ConnectionGate, client: SockAddr | string) {
  const connection = from(client);
  gate.enter(connection);
  const refusal = gate.refusal(connection);
  return { connection, refusal, setting: refusal?.error.setting };
}

describe('connections in all', () => {
  test('are full at the limit, and who waits hears of it once there is room', () => {
    const gate = new ConnectionGate({ connections: 2 });
    const [first, second] = [comes(gate, '10.0.0.1'), comes(gate, '10.0.0.2')];
    expect([first.refusal, second.refusal]).toEqual([undefined, undefined]);
    expect(gate.isFull).toBe(true);
    let resumed = 0;
    const resume = (): void => void (resumed += 1);
    gate.whenFree(resume);
    gate.leave(first.connection);
    expect([gate.isFull, resumed]).toEqual([false, 1]);
    gate.leave(second.connection);
    expect([gate.open, resumed]).toEqual([0, 1]);
  });

  test('who waits no longer hears nothing', () => {
    const gate = new ConnectionGate({ connections: 1 });
    const { connection } = comes(gate, '10.0.0.1');
    const resume = (): void => expect.unreachable();
    gate.whenFree(resume);
    gate.noLongerWaiting(resume);
    gate.leave(connection);
  });

  test('one too many is refused, where the transport could not wait', () => {
    const gate = new ConnectionGate({ connections: 1 });
    comes(gate, '10.0.0.1');
    const { refusal } = comes(gate, '10.0.0.2');
    expect(refusal).toMatchObject({
      mayAnswer: true,
      error: { status: 503, fault: 'proxy', setting: 'limits.connections', retryAfter: 1 },
    });
  });

  test('without a limit, there is none', () => {
    const gate = new ConnectionGate({});
    const all = Array.from({ length: 5_000 }, () => comes(gate, '10.0.0.1').refusal);
    expect(all.filter((refusal) => refusal !== undefined)).toEqual([]);
    expect(gate.isFull).toBe(false);
  });
});

describe('connections of one client', () => {
  test.each([
    ['an IPv4 address', '127.0.0.1', '127.0.0.1', '127.0.0.2'],
    ['a /64 of IPv6', '2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:1::1'],
  ])('are those of %s, loopback too', (_what, one, same, other) => {
    const gate = new ConnectionGate({ perClient: 1 });
    const { connection } = comes(gate, one);
    const refused = comes(gate, same);
    expect(refused.refusal?.error).toMatchObject({
      status: 503,
      fault: 'client',
      setting: 'limits.perClient.connections',
      retryAfter: 1,
    });
    expect(comes(gate, other).setting).toBeUndefined();
    gate.leave(refused.connection);
    gate.leave(connection);
    expect(comes(gate, same).setting).toBeUndefined();
  });

  test('clients of a unix socket are not told apart, and so not limited', () => {
    const gate = new ConnectionGate({ perClient: 1 });
    const client = { family: 'unix', path: '' } as const;
    expect([comes(gate, client).setting, comes(gate, client).setting]).toEqual([undefined, undefined]);
  });

  test('who is refused takes no place from others, nor from the client itself', () => {
    const gate = new ConnectionGate({ connections: 3, perClient: 1 });
    const first = comes(gate, '10.0.0.1');
    const refused = Array.from({ length: 20 }, () => comes(gate, '10.0.0.1'));
    expect([gate.open, gate.isFull]).toEqual([1, false]);
    expect(comes(gate, '10.0.0.2').refusal).toBeUndefined();
    gate.leave(first.connection);
    expect(comes(gate, '10.0.0.1').refusal).toBeUndefined();
    for (const { connection } of refused) gate.leave(connection);
    expect(gate.open).toBe(2);
    expect(comes(gate, '10.0.0.1').setting).toBe('limits.perClient.connections');
  });

  test('nor does one that is told that all places are taken', () => {
    const gate = new ConnectionGate({ connections: 1 });
    const { connection } = comes(gate, '10.0.0.1');
    for (let times = 0; times < 40; times += 1) expect(comes(gate, '10.0.0.2').refusal).toBeDefined();
    gate.leave(connection);
    expect(comes(gate, '10.0.0.2').refusal).toBeUndefined();
  });

  test('with a small limit fewer are told', () => {
    const gate = new ConnectionGate({ connections: 2, perClient: 1 });
    comes(gate, '10.0.0.1');
    const refused = Array.from({ length: 100 }, () => comes(gate, '10.0.0.1'));
    expect(refused.filter(({ refusal }) => refusal?.mayAnswer === true)).toHaveLength(16);
  });

  test('only so many are told at one time; the others are reset', () => {
    const gate = new ConnectionGate({ perClient: 1 });
    comes(gate, '10.0.0.1');
    const refused = Array.from({ length: 100 }, () => comes(gate, '10.0.0.1'));
    expect(refused.filter(({ refusal }) => refusal?.mayAnswer === true)).toHaveLength(64);
    gate.leave(refused[0]!.connection);
    expect(comes(gate, '10.0.0.1').refusal?.mayAnswer).toBe(true);
  });

  test('who listens hears of the limit, and who met it', () => {
    const heard: (SockAddr | string | undefined)[][] = [];
    const gate = new ConnectionGate({ connections: 2, perClient: 1, onLimit: (...what) => void heard.push(what) });
    comes(gate, '10.0.0.1');
    comes(gate, '10.0.0.1');
    gate.whenFree(() => undefined);
    expect(heard).toEqual([['limits.perClient.connections', addr('10.0.0.1', 40_000)], ['limits.connections']]);
  });
});

describe('limits that change', () => {
  test('hold for the connections that are open', () => {
    const gate = new ConnectionGate({});
    const [first] = [comes(gate, '10.0.0.1'), comes(gate, '10.0.0.1'), comes(gate, '10.0.0.2')];
    gate.configure({ perClient: 2 });
    expect(gate.open).toBe(3);
    expect(comes(gate, '10.0.0.1').setting).toBe('limits.perClient.connections');
    expect(comes(gate, '10.0.0.2').setting).toBeUndefined();
    gate.leave(first.connection);
    expect(comes(gate, '10.0.0.1').setting).toBeUndefined();
    gate.configure({});
    expect(comes(gate, '10.0.0.1').setting).toBeUndefined();
  });

  test('let those in who wait, once there is room', () => {
    const gate = new ConnectionGate({ connections: 1 });
    comes(gate, '10.0.0.1');
    let resumed = 0;
    gate.whenFree(() => (resumed += 1));
    gate.configure({ connections: 2 });
    expect([gate.isFull, resumed]).toEqual([false, 1]);
  });
});

test('an overload is told, with how many clients were reset and how many there are', () => {
  const counts: number[] = [];
  const gate = new ConnectionGate({ overloadAfter: 1_000, onOverload: (count) => counts.push(count) });
  comes(gate, '10.0.0.1');
  const heard: TransportMessage[] = [];
  const listen = (message: TransportMessage): void => void heard.push(message);
  transportChannel.subscribe(listen);
  gate.overloaded(7);
  transportChannel.unsubscribe(listen);
  expect([gate.overloadAfter, counts]).toEqual([1_000, [7]]);
  expect(heard).toEqual([{ event: 'overloaded', reset: 7, open: 1 }]);
  expect(new ConnectionGate({}).overloadAfter).toBe(Infinity);
});
