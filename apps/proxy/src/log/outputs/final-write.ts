import { fstatSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * The source of the thread that writes all bytes, also to a non-blocking descriptor, and then notifies `done`. It is text,
 * so that it needs neither a file in the package nor type stripping.
 */
const WRITE = `
  const { workerData: { descriptor, bytes, done } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN' && error.code !== 'EBUSY') break;
      Atomics.wait(done, 0, 0, 10);
    }
  }
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
`;

/**
 * Writes `bytes` before it returns, but waits at most `limit` milliseconds for a reader. A thread writes to pipes, sockets
 * and terminals, because their readers may block a write. Returns false when that thread is still blocked. Only
 * {@link leave} ends the process then.
 */
export function writeBeforeExit(descriptor: number, bytes: Uint8Array, limit: number): boolean {
  if (bytes.length === 0) return true;
  try {
    const done = fstatSync(descriptor).isFile() ? undefined : writeInThread(descriptor, bytes);
    if (done !== undefined) return Atomics.wait(done, 0, 0, limit) !== 'timed-out';
    writeSync(descriptor, bytes);
  } catch {
    // The descriptor is closed, so the error cannot be reported either.
  }
  return true;
}

/** Starts the thread. Returns `done`, or undefined where the permission model of Node.js allows no thread. */
function writeInThread(descriptor: number, bytes: Uint8Array): Int32Array<SharedArrayBuffer> | undefined {
  const done = new Int32Array(new SharedArrayBuffer(4));
  try {
    // The thread must not inherit our flags, and its errors must not end the process.
    const thread = new Worker(WRITE, { eval: true, execArgv: [], workerData: { descriptor, bytes, done } });
    thread.on('error', () => undefined).unref();
    return done;
  } catch {
    return undefined;
  }
}
