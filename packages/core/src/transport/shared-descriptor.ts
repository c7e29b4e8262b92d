import { Socket } from 'node:net';
import type { SharedSocket } from '../base/connection.ts';

/** Wraps a descriptor of a listening socket, of which nothing is read or accepted here. It belongs to the result. */
export function sharedDescriptor(descriptor: number): SharedSocket {
  const socket = new Socket({ fd: descriptor, readable: false, writable: false });
  return { descriptor, handle: handleOf(socket), release: () => void socket.destroy() };
}

/**
 * The handle beneath a socket or server of Node's. It has no public name, but `process.send` takes it: `node:cluster` sends the
 * listening sockets of its workers so. A `Server` would begin to accept where it arrives.
 */
export function handleOf(owner: object): object {
  const handle: unknown = Reflect.get(owner, '_handle');
  if (typeof handle !== 'object' || handle === null) throw new Error('There is no handle; the socket is closed.');
  return handle;
}

/** The descriptor of a handle. */
export function descriptorOf(handle: object): number {
  const descriptor: unknown = Reflect.get(handle, 'fd');
  if (typeof descriptor !== 'number' || descriptor < 0) throw new Error('The handle has no descriptor.');
  return descriptor;
}

/** A listening socket that has come from another process as a handle. It belongs to the result. */
export function receivedSocket(handle: object): SharedSocket {
  return { descriptor: descriptorOf(handle), handle, release: () => close(handle) };
}

function close(handle: object): void {
  const method: unknown = Reflect.get(handle, 'close');
  if (typeof method === 'function') Reflect.apply(method, handle, []);
}
