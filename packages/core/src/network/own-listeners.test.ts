import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { addr } from '../../test-support/establishing.ts';
import { passTime } from '../../test-support/passing-time.ts';
import { OwnListeners } from './own-listeners.ts';

/** A machine that has the address 192.0.2.1 and the loopback, and counts how often it is asked. */
function machine(addresses = ['127.0.0.1', '127.0.0.2', '::1', '192.0.2.1']) {
  const asked: string[] = [];
  return {
    asked,
    addresses,
    isOwnAddress: ({ address }: { readonly address: string }) => {
      asked.push(address);
      return addresses.includes(address);
    },
  };
}

function listening(...binds: string[]): OwnListeners {
  const own = new OwnListeners();
  for (const bind of binds) own.add(addr(bind));
  return own;
}

describe('listeners of our own', () => {
  test.each([
    ['on the very address', ['127.0.0.1:3128'], '127.0.0.1:3128', true],
    ['on another port', ['127.0.0.1:3128'], '127.0.0.1:3129', false],
    ['on another address', ['127.0.0.1:3128'], '127.0.0.2:3128', false],
    ['any of them', ['127.0.0.1:3128', '192.0.2.1:8080'], '192.0.2.1:8080', true],
    ['on all IPv4 addresses', ['0.0.0.0:3128'], '127.0.0.2:3128', true],
    ['on all IPv4 addresses, which takes no IPv6', ['0.0.0.0:3128'], '[::1]:3128', false],
    ['on all addresses, by IPv4', ['[::]:3128'], '192.0.2.1:3128', true],
    ['on all addresses, by IPv6', ['[::]:3128'], '[::1]:3128', true],
    ['on all addresses, by an IPv4-mapped one', ['[::]:3128'], '[::ffff:192.0.2.1]:3128', true],
    ['on all addresses, but that is somebody else', ['[::]:3128'], '192.0.2.2:3128', false],
    ['by no address in particular', ['127.0.0.1:3128'], '0.0.0.0:3128', true],
    ['by no IPv6 address in particular', ['[::1]:3128'], '[::]:3128', true],
    ['behind a NAT64 translator', ['192.0.2.1:3128'], '[64:ff9b::192.0.2.1]:3128', true],
    ['behind a NAT64 translator, on all addresses', ['[::]:3128'], '[64:ff9b::c000:201]:3128', true],
    ['behind a NAT64 translator, somebody else', ['[::]:3128'], '[64:ff9b::192.0.2.2]:3128', false],
  ])('are told from others: a server %s', (_name, binds, remote, expected) => {
    expect(listening(...binds).accept(addr(remote), machine())).toBe(expected);
  });

  test('a unix socket is itself', () => {
    const own = new OwnListeners();
    own.add({ family: 'unix', path: '/run/a.sock' });
    expect(own.accept({ family: 'unix', path: '/run/a.sock' }, machine())).toBe(true);
    expect(own.accept({ family: 'unix', path: '/run/b.sock' }, machine())).toBe(false);
  });

  test.each([
    ['a unix socket', { family: 'unix', path: '/run/a.sock' }],
    ['an address', addr('127.0.0.1:3128')],
  ] as const)('%s that two listeners have is ours until both are removed, each once', (_name, address) => {
    const own = new OwnListeners();
    const [removeFirst, removeSecond] = [own.add(address), own.add(address)];
    removeSecond();
    removeSecond();
    expect(own.accept(address, machine())).toBe(true);
    removeFirst();
    expect(own.accept(address, machine())).toBe(false);
  });

  test.each([
    ['127.0.0.1:3128', '127.0.0.1:3128', true],
    ['127.0.0.1:3128', '127.0.0.2:3128', false],
    ['127.0.0.1:3128', '127.0.0.1:3129', false],
    ['127.0.0.1:3128', '0.0.0.0:3128', true],
    ['127.0.0.1:3128', '[::]:3128', true],
    ['0.0.0.0:3128', '127.0.0.1:3128', true],
    ['0.0.0.0:3128', '[::1]:3128', false],
    ['[::1]:3128', '0.0.0.0:3128', false],
    ['[::]:3128', '127.0.0.1:3128', true],
    ['[::]:3128', '0.0.0.0:3128', true],
  ])('one on %s and another one on %s: in the way is %j', (own, other, expected) => {
    expect(listening(own).inTheWayOf(addr(other))).toEqual(expected ? addr(own) : undefined);
  });

  test('a path is in the way of itself', () => {
    const own = new OwnListeners();
    const file = { family: 'unix', path: '/run/a.sock' } as const;
    own.add(file);
    expect(own.inTheWayOf(file)).toEqual(file);
    expect(own.inTheWayOf({ family: 'unix', path: '/run/b.sock' })).toBeUndefined();
  });

  test('an address that the machine gets later counts from a moment later on', async () => {
    const own = listening('0.0.0.0:3128');
    const ours = machine();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    // In another iteration than the test before.
    await passTime(1);
    expect(own.accept(addr('192.0.2.9:3128'), ours)).toBe(false);
    ours.addresses.push('192.0.2.9');
    await passTime(500);
    expect(own.accept(addr('192.0.2.9:3128'), ours)).toBe(false);
    await passTime(501);
    expect(own.accept(addr('192.0.2.9:3128'), ours)).toBe(true);
  });

  test('the machine is asked only about ports that are listened on, and not each time', () => {
    const own = listening('0.0.0.0:3128');
    const ours = machine();
    own.accept(addr('192.0.2.9:80'), ours);
    for (let times = 0; times < 50; times += 1) own.accept(addr('192.0.2.9:3128'), ours);
    expect(ours.asked.length).toBeGreaterThan(0);
    expect(ours.asked.length).toBeLessThan(10);
  });

  test('one that is closed counts no more, and another on the same address still does', () => {
    const own = new OwnListeners();
    const [first, second] = [own.add(addr('127.0.0.1:3128')), own.add(addr('127.0.0.1:3128'))];
    first();
    expect(own.accept(addr('127.0.0.1:3128'), machine())).toBe(true);
    second();
    expect(own.accept(addr('127.0.0.1:3128'), machine())).toBe(false);
  });

  test('a transport that cannot tell is not trusted with a wildcard', () => {
    expect(listening('0.0.0.0:3128').accept(addr('192.0.2.9:3128'), {})).toBe(true);
  });
});
