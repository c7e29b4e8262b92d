import { constants } from 'node:os';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SockAddr } from '../../../base/address.ts';
import { loadSystem } from './ffi.ts';
import { EDGE_TRIGGERED, EVENT_IN, EVENT_OUT, RECEIVE_LENGTH, SO_ERROR, TCP_NODELAY, TCP_QUICKACK } from './system.ts';
import type { System } from './system.ts';

const { EAGAIN, EBADF, EINPROGRESS, EINVAL, ENAMETOOLONG, ENOENT, ENOPROTOOPT, ENOTCONN, EPIPE } = constants.errno;
const anyPort: SockAddr = { family: 'inet', address: '127.0.0.1', port: 0 };

/** Sends as a caller would that has no types. */
function untyped(system: System, parameters: unknown[]): unknown {
  const send: unknown = Reflect.get(system, 'send');
  if (typeof send !== 'function') throw new Error('cannot send');
  return Reflect.apply(send, system, parameters);
}

describe.skipIf(process.platform !== 'linux')('calls into libc', () => {
  let system: System;
  beforeAll(() => {
    system = loadSystem();
  });
  const open: number[] = [];

  afterEach(() => {
    for (const descriptor of open.splice(0)) system.close(descriptor);
  });

  function own(descriptor: number): number {
    expect(descriptor).toBeGreaterThanOrEqual(0);
    open.push(descriptor);
    return descriptor;
  }

  function listen(): { listener: number; address: SockAddr } {
    const listener = own(system.socket('inet'));
    expect(system.bind(listener, anyPort)).toBe(0);
    expect(system.listen(listener, 8)).toBe(0);
    const address = system.localAddress(listener);
    if (address === undefined) throw new Error('no address');
    return { listener, address };
  }

  function pair(): { client: number; server: number } {
    const { listener, address } = listen();
    system.setOption(listener, TCP_NODELAY, 1);
    const client = own(system.socket('inet'));
    expect([0, -EINPROGRESS]).toContain(system.connect(client, address));
    const server = own(system.accept(listener));
    expect(system.acceptedAddress()).toEqual(system.localAddress(client));
    return { client, server };
  }

  test('bytes sent arrive, exactly the range, also from small and offset arrays', () => {
    const { client, server } = pair();
    const parts: [Uint8Array, number, number][] = [
      [Buffer.from('0123456789'), 2, 5],
      [new Uint8Array([65, 66, 67, 68]), 1, 3],
      [Buffer.from('xxhello').subarray(2), 0, 5],
      [Buffer.from('xxhello').subarray(2), 3, 5],
    ];
    for (const [bytes, start, end] of parts) expect(system.send(client, bytes, start, end)).toBe(end - start);
    const length = system.receive(server, 0);
    expect(system.received.toString('latin1', 0, length)).toBe('234BChellolo');
  });

  test.each([
    [-1, 5],
    [0, 11],
    [5, 4],
    [NaN, 5],
    [0, NaN],
    [0, Infinity],
    [undefined, undefined],
  ])('bytes %s to %s of 10 do not reach the kernel', (start, end) => {
    const { client, server } = pair();
    expect(() => untyped(system, [client, Buffer.alloc(10), start, end])).toThrow(RangeError);
    expect(system.receive(server, 0)).toBe(-EAGAIN);
  });

  test.each([
    ['text', 'a string of characters'],
    ['an object with a length', { length: 10, byteLength: 10 }],
    ['nothing', undefined],
    ['a buffer without a view', new ArrayBuffer(10)],
  ])('%s in place of bytes does not reach the kernel', (_name, bytes) => {
    const { client } = pair();
    expect(() => untyped(system, [client, bytes, 0, 10])).toThrow(RangeError);
  });

  test('elements of more than an byte are not read beyond their end', () => {
    const { client } = pair();
    expect(() => untyped(system, [client, new Uint16Array(10), 2, 20])).toThrow(RangeError);
  });

  test('memory that was transferred away is not sent', () => {
    const { client } = pair();
    const bytes = new Uint8Array(10_000);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => system.send(client, bytes, 0, 10_000)).toThrow(RangeError);
  });

  test('sends from the staging buffer what is asked for, and nothing beyond it', () => {
    const { client, server } = pair();
    system.staged.write('abcdef', 100, 'latin1');
    expect(system.sendStaged(client, 101, 104)).toBe(3);
    expect(system.receive(server, 0)).toBe(3);
    expect(system.received.toString('latin1', 0, 3)).toBe('bcd');
    for (const [start, end] of [
      [-1, 3],
      [3, 3],
      [4, 3],
      [0, system.staged.length + 1],
      [NaN, 3],
      [0, NaN],
    ] as const) {
      expect(() => system.sendStaged(client, start, end)).toThrow(RangeError);
    }
    expect(system.receive(server, 0)).toBe(-EAGAIN);
  });

  test('sends staged and received bytes behind each other, and nothing beyond them', () => {
    const { client, server } = pair();
    system.staged.write('head', 7, 'latin1');
    system.received.write('body', RECEIVE_LENGTH + 9, 'latin1');
    expect(system.sendJoined(client, 7, 11, RECEIVE_LENGTH + 9, RECEIVE_LENGTH + 13)).toBe(8);
    expect(system.sendJoined(client, 7, 7, RECEIVE_LENGTH + 10, RECEIVE_LENGTH + 13)).toBe(3);
    expect(system.receive(server, 100)).toBe(11);
    expect(system.received.toString('latin1', 100, 111)).toBe('headbodyody');
    for (const [start, end, from, to] of [
      [-1, 3, 0, 1],
      [4, 3, 0, 1],
      [0, system.staged.length + 1, 0, 1],
      [0, 1, 1, 1],
      [0, 1, -1, 1],
      [0, 1, 0, system.received.length + 1],
      [0, 1, NaN, 1],
    ] as const) {
      expect(() => system.sendJoined(client, start, end, from, to)).toThrow(RangeError);
    }
    expect(() => system.receive(server, -1)).toThrow(RangeError);
    expect(() => system.receive(server, system.received.length - RECEIVE_LENGTH + 1)).toThrow(RangeError);
    expect(system.receive(server, 0)).toBe(-EAGAIN);
  });

  test('errors are negated errnos', () => {
    const { client, server } = pair();
    expect(system.receive(server, 0)).toBe(-EAGAIN);
    expect(system.finish(client)).toBe(0);
    expect(system.send(client, Buffer.from('x'), 0, 1)).toBe(-EPIPE);
    expect(system.receive(server, 0)).toBe(0);
    expect(system.receive(1_000_000, 0)).toBe(-EBADF);
    expect(system.close(-1)).toBe(-EBADF);
    expect(system.finish(own(system.socket('inet')))).toBe(-ENOTCONN);
  });

  test('an address that the kernel has no form for is refused before it is asked', () => {
    const unix = own(system.socket('unix'));
    expect(system.connect(unix, { family: 'unix', path: `/${'x'.repeat(200)}` })).toBe(-ENAMETOOLONG);
    expect(system.bind(unix, { family: 'unix', path: '' })).toBe(-EINVAL);
    const inet = own(system.socket('inet'));
    expect(system.connect(inet, { family: 'inet', address: 'localhost', port: 1 })).toBe(-EINVAL);
  });

  test('a connection that nothing redirected was going where it is, as far as the kernel knows', () => {
    const { server } = pair();
    const destination = system.originalDestination(server, 'inet');
    // Without connection tracking there is no record of it.
    if (typeof destination === 'number') expect([-ENOENT, -ENOPROTOOPT]).toContain(destination);
    else expect(destination).toEqual(system.localAddress(server));
  });

  test('accepted sockets inherit TCP_NODELAY from their listener, and have no error', () => {
    const { server } = pair();
    expect(system.getOption(server, TCP_NODELAY)).toBe(1);
    expect(system.getOption(server, SO_ERROR)).toBe(0);
  });

  test('looking at what has come leaves it there, and an end looks like one', () => {
    const { client, server } = pair();
    expect(system.peek(server)).toBe(-EAGAIN);
    system.send(client, Buffer.from('xy'), 0, 2);
    expect([system.peek(server), system.peek(server), system.receive(server, 0)]).toEqual([1, 1, 2]);
    system.finish(client);
    expect(system.peek(server)).toBe(0);
  });

  test('what the peer has no room for is not acknowledged', () => {
    const { client, server } = pair();
    const bytes = Buffer.alloc(2 ** 20);
    expect(system.unacknowledged(server)).toBe(0);
    while (system.send(server, bytes, 0, bytes.length) !== -EAGAIN);
    expect(system.unacknowledged(server)).toBeGreaterThan(0);
    expect(system.unacknowledged(client)).toBe(0);
    expect(system.unacknowledged(-1)).toBe(-EBADF);
  });

  test('what has been received can be acknowledged at once', () => {
    const { server } = pair();
    expect(system.setOption(server, TCP_QUICKACK, 1)).toBe(0);
    expect(system.getOption(server, TCP_QUICKACK)).toBe(1);
  });

  test('says when the accept queue of a listener is nearly full', () => {
    const server = own(system.socket('inet'));
    expect(system.bind(server, anyPort)).toBe(0);
    expect(system.listen(server, 4)).toBe(0);
    const address = system.localAddress(server);
    if (address === undefined) throw new Error('It has no address.');
    expect(system.isAcceptQueueFull(server)).toBe(false);
    for (let count = 0; count < 4; count += 1) system.connect(own(system.socket('inet')), address);
    expect(system.isAcceptQueueFull(server)).toBe(true);
    expect(system.isAcceptQueueFull(own(system.socket('unix')))).toBe(false);
  });

  test('events tell descriptor, generation and what happened, once per change', () => {
    const epoll = own(system.createEpoll());
    const { client, server } = pair();
    const generation = 0xffff_fffe;
    expect(system.watch(epoll, server, EVENT_IN | EDGE_TRIGGERED, generation)).toBe(0);
    expect(system.watch(epoll, client, EVENT_OUT | EDGE_TRIGGERED, 7)).toBe(0);
    system.send(client, Buffer.from('x'), 0, 1);
    expect(system.wait(epoll, 0)).toBe(2);
    const events = [0, 1].map((index) => ({
      descriptor: system.eventDescriptor(index),
      generation: system.eventGeneration(index),
      mask: system.eventMask(index),
    }));
    expect(events).toContainEqual({ descriptor: server, generation, mask: EVENT_IN });
    expect(events).toContainEqual({ descriptor: client, generation: 7, mask: EVENT_OUT });
    expect(system.wait(epoll, 0)).toBe(0);
    expect(() => system.eventMask(0)).toThrow(RangeError);
  });

  test('a closed descriptor is in no epoll set any more', () => {
    const epoll = own(system.createEpoll());
    const { client, server } = pair();
    system.watch(epoll, server, EVENT_IN | EDGE_TRIGGERED, 1);
    system.send(client, Buffer.from('x'), 0, 1);
    open.splice(open.indexOf(server), 1);
    system.close(server);
    expect(system.wait(epoll, 0)).toBe(0);
  });
});
