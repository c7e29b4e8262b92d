import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { inetAddr } from '../../base/address.ts';
import type { InetAddr, SockAddr } from '../../base/address.ts';
import type { DirectConnection, Interception } from '../../base/connection.ts';
import { Interceptor } from './intercepted.ts';

const { EADDRINUSE, EADDRNOTAVAIL, EMFILE } = constants.errno;
const CLIENT = inet('10.0.0.7:4321');

function inet(text: string): InetAddr {
  const at = text.lastIndexOf(':');
  return inetAddr(text.slice(0, at).replace(/[[\]]/g, ''), Number(text.slice(at + 1)))!;
}

interface Machine {
  readonly local: string;
  readonly destination?: string;
  /** Addresses that a socket can be bound to. */
  readonly own?: readonly string[];
  readonly bindFails?: number;
  readonly socketFails?: number;
}

/** Accepts one client. Returns its original destination, or what was reported about a direct connection. */
function classify(listener: string, how: Interception, machine: Machine) {
  const direct: DirectConnection[] = [];
  const asked: string[] = [];
  let open = 0;
  const system = {
    localAddress: (): SockAddr => inet(machine.local),
    originalDestination: (_descriptor: number, family: 'inet' | 'inet6'): SockAddr | number => {
      asked.push(family);
      return machine.destination === undefined ? -constants.errno.ENOENT : inet(machine.destination);
    },
    socket: () => {
      if (machine.socketFails !== undefined) return -machine.socketFails;
      open += 1;
      return 9;
    },
    bind: (_descriptor: number, address: SockAddr) => {
      if (address.family === 'unix' || address.port !== 0) throw new Error('an address with port 0 was expected');
      if (machine.own?.includes(address.address)) return 0;
      return -(machine.bindFails ?? EADDRNOTAVAIL);
    },
    close: () => {
      open -= 1;
      return 0;
    },
  };
  const interceptor = new Interceptor(system, inet(listener), how, { onDirect: (one) => void direct.push(one) });
  const arrival = interceptor.ask(5, CLIENT);
  expect(open).toBe(0);
  return { destination: arrival?.destination, direct, asked };
}

describe('redirect', () => {
  test('a client was going where the packet filter says', () => {
    const { destination, direct } = classify(':::3129', 'redirect', {
      local: '10.0.0.1:3129',
      destination: '192.0.2.1:80',
    });
    expect(destination).toEqual(inet('192.0.2.1:80'));
    expect(direct).toEqual([]);
  });

  test.each([
    ['10.0.0.1:3129', '192.0.2.1:80', 'inet'],
    ['[fd00::1]:3129', '[2001:db8::1]:80', 'inet6'],
  ])('the record of %s is asked for in its own family, on a listener for both', (local, destination, family) => {
    expect(classify(':::3129', 'redirect', { local, destination }).asked).toEqual([family]);
  });

  test('a client of this very address and port was not intercepted', () => {
    const { destination, direct } = classify('0.0.0.0:3129', 'redirect', {
      local: '10.0.0.1:3129',
      destination: '10.0.0.1:3129',
    });
    expect(destination).toBeUndefined();
    expect(direct).toEqual([{ remote: CLIENT, local: inet('10.0.0.1:3129'), destination: inet('10.0.0.1:3129') }]);
  });

  test('a client without a record was not intercepted', () => {
    const { destination, direct } = classify('0.0.0.0:3129', 'redirect', { local: '10.0.0.1:3129' });
    expect(destination).toBeUndefined();
    expect(direct).toMatchObject([{ destination: undefined }]);
  });

  test('a client that was going to the port on another address of this machine is turned away too', () => {
    const machine = { local: '10.0.0.1:3129', destination: '192.168.9.1:3129', own: ['192.168.9.1'] };
    expect(classify('0.0.0.0:3129', 'redirect', machine).direct).toHaveLength(1);
  });

  test('a client that was going to this machine, but to another port, may pass', () => {
    const machine = { local: '10.0.0.1:3129', destination: '10.0.0.1:80', own: ['10.0.0.1'] };
    expect(classify('10.0.0.1:3129', 'redirect', machine).destination).toEqual(inet('10.0.0.1:80'));
  });

  test('a client that was going to the same port of another machine may pass', () => {
    const machine = { local: '10.0.0.1:3129', destination: '192.0.2.1:3129', own: ['10.0.0.1'] };
    expect(classify('10.0.0.1:3129', 'redirect', machine).destination).toEqual(inet('192.0.2.1:3129'));
  });
});

describe('tproxy', () => {
  test('the local address is where the client was going', () => {
    const { destination, asked } = classify(':::3129', 'tproxy', { local: '192.0.2.1:80' });
    expect(destination).toEqual(inet('192.0.2.1:80'));
    expect(asked).toEqual([]);
  });

  test('the address that the listener is bound to is the listener itself', () => {
    expect(classify('127.0.0.1:3129', 'tproxy', { local: '127.0.0.1:3129' }).direct).toMatchObject([
      { local: inet('127.0.0.1:3129') },
    ]);
  });

  test.each(['10.0.0.1:3129', '[fd00::1]:3129'])('%s is the listener itself when it is bound to all', (local) => {
    const own = ['10.0.0.1', 'fd00::1'];
    expect(classify(':::3129', 'tproxy', { local, own }).direct).toHaveLength(1);
  });

  test('the port of the listener on another machine is not', () => {
    expect(classify(':::3129', 'tproxy', { local: '192.0.2.1:3129' }).destination).toEqual(inet('192.0.2.1:3129'));
  });

  test('a link-local address, which nobody forwards, is one of ours', () => {
    expect(classify(':::3129', 'tproxy', { local: '[fe80::1]:3129' }).direct).toHaveLength(1);
  });

  test.each([
    ['ports have run out', { bindFails: EADDRINUSE }],
    ['descriptors have run out', { socketFails: EMFILE }],
  ])('in doubt, when %s, an address is one of ours', (_name, failure) => {
    expect(classify(':::3129', 'tproxy', { local: '192.0.2.1:3129', ...failure }).direct).toHaveLength(1);
  });
});
