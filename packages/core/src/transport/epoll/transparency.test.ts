import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { SockAddr } from '../../base/address.ts';
import { ProxyError } from '../../base/errors.ts';
import { Dialing } from './dialing.ts';
import type { Poller } from './poller/poller.ts';
import type { Watched } from './poller/watched.ts';
import type { SocketOption, System } from './system/system.ts';
import { transparencyProblem } from './transparency.ts';

const { EADDRNOTAVAIL, EAFNOSUPPORT, EINPROGRESS, EINVAL, ENOPROTOOPT, EPERM } = constants.errno;

type Calls = Pick<System, 'bind' | 'close' | 'connect' | 'setOption' | 'socket'>;

/** A kernel that notes what it is asked, in order, and refuses what the test says: `option 0/19`, `bind`. */
class NotingSystem implements Calls {
  readonly asked: string[] = [];
  readonly refused: Readonly<Record<string, number>>;

  constructor(refused: Readonly<Record<string, number>> = {}) {
    this.refused = refused;
  }

  socket = (family: SockAddr['family']): number => this.#answer(`socket ${family}`) || 7;
  bind = (_descriptor: number, address: SockAddr): number =>
    this.#answer(`bind ${address.family === 'unix' ? '' : `${address.address} ${address.port}`}`);
  connect = (): number => this.#answer('connect') || -EINPROGRESS;
  close = (): number => this.#answer('close');
  setOption = (_descriptor: number, { level, name }: SocketOption): number => this.#answer(`option ${level}/${name}`);

  #answer(what: string): number {
    this.asked.push(what);
    return -(this.refused[what] ?? 0);
  }
}

describe('whether this process may use addresses of others', () => {
  test('it may when the kernel takes the option; the socket that it was tried on is closed', () => {
    const system = new NotingSystem();
    expect(transparencyProblem(system)).toBeUndefined();
    expect(system.asked).toEqual(['socket inet', 'option 0/19', 'close']);
  });

  test.each([
    ['the privilege is missing', { 'option 0/19': EPERM }, /CAP_NET_ADMIN .*CAP_NET_RAW/, 'close'],
    ['the kernel does not know it', { 'option 0/19': ENOPROTOOPT }, /refuses IP_TRANSPARENT/, 'close'],
    ['there is no socket', { 'socket inet': EAFNOSUPPORT }, /no socket/, 'socket inet'],
  ])('it may not when %s, and nothing is left open', (_what, refused, message, last) => {
    const system = new NotingSystem(refused);
    expect(transparencyProblem(system)).toMatch(message);
    expect(system.asked.at(-1)).toBe(last);
  });
});

describe('dialling', () => {
  function dial(local: SockAddr, transparent: boolean, system = new NotingSystem()) {
    const work: Watched[] = [];
    const poller = {
      system,
      set: { add: () => 0, close: () => void system.close() },
      queue: (watched: Watched) => void work.push(watched),
      expectEvent: () => {},
    };
    const outcome: { error?: Error | undefined } = {};
    const remote: SockAddr =
      local.family === 'inet'
        ? { family: 'inet', address: '10.0.0.80', port: 80 }
        : { family: 'inet6', address: 'fd00::80', port: 80 };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a dial asks of it is there
    const dialing = new Dialing(poller as unknown as Poller, remote, (error) => (outcome.error = error));
    dialing.start({ local, transparent });
    for (const watched of work) watched.onWork();
    return { asked: system.asked, outcome };
  }

  const v4: SockAddr = { family: 'inet', address: '10.0.0.7', port: 0 };
  const v6: SockAddr = { family: 'inet6', address: 'fd00::7', port: 0 };

  test('from an address of somebody else asks for it first, for its family, and leaves the port to the kernel', () => {
    expect(dial(v4, true).asked.slice(2)).toEqual(['option 0/19', 'option 0/24', 'bind 10.0.0.7 0', 'connect']);
    expect(dial(v6, true).asked.slice(2)).toEqual(['option 41/75', 'option 0/24', 'bind fd00::7 0', 'connect']);
  });

  test('from an address of this machine does not', () => {
    expect(dial(v4, false).asked.slice(2)).toEqual(['option 0/24', 'bind 10.0.0.7 0', 'connect']);
    expect(dial({ ...v4, port: 2000 }, false).asked.slice(2)).toEqual(['option 1/2', 'bind 10.0.0.7 2000', 'connect']);
  });

  test.each([
    ['the privilege is gone', { 'option 0/19': EPERM }, /CAP_NET_ADMIN/],
    ['the address cannot be forged', { 'bind 10.0.0.7 0': EINVAL }, /from somebody else's address \(EINVAL\)/],
  ])('when %s it fails, which says nothing about the server, and closes the socket', (_what, refused, message) => {
    const { asked, outcome } = dial(v4, true, new NotingSystem(refused));
    expect(outcome.error).toBeInstanceOf(ProxyError);
    expect(outcome.error).toMatchObject({ fault: 'proxy', message: expect.stringMatching(message) });
    expect(asked.at(-1)).toBe('close');
  });

  test('when an address is not this machine’s and may not be forged, it fails as before', () => {
    const { outcome } = dial(v4, false, new NotingSystem({ 'bind 10.0.0.7 0': EADDRNOTAVAIL }));
    expect(outcome.error).toMatchObject({ code: 'destination_ip_unroutable' });
  });
});
