import { fstatSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * Runs in a thread: writes everything, also to a descriptor that does not block, and then says so.
 *
 * As text, because it needs no file that a package could lack, and no types stripped.
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
 * Writes `bytes` before it returns, but does not wait for a reader for longer than `limit` milliseconds, whatever the
 * descriptor is: a pipe, a socket or a terminal whose reader takes nothing may hold whoever writes to it, so that is done by
 * a thread. Returns false when that thread is still held: then only {@link leave} ends the process.
 */
export function writeLastWords(descriptor: number, bytes: Uint8Array, limit: number): boolean {
  if (bytes.length === 0) return true;
  try {
    const done = fstatSync(descriptor).isFile() ? undefined : writeInThread(descriptor, bytes);
    if (done !== undefined) return Atomics.wait(done, 0, 0, limit) !== 'timed-out';
    writeSync(descriptor, bytes);
  } catch {
    // The descriptor is closed, and nobody is there to be told.
  }
  return true;
}

/** What is notified when all is written; undefined where the permission model of Node.js allows no thread. */
function writeInThread(descriptor: number, bytes: Uint8Array): Int32Array<SharedArrayBuffer> | undefined {
  const done = new Int32Array(new SharedArrayBuffer(4));
  try {
    // It must neither inherit our flags nor end the process by an error of its own.
    const thread = new Worker(WRITE, { eval: true, execArgv: [], workerData: { descriptor, bytes, done } });
    thread.on('error', () => undefined).unref();
    return done;
  } catch {
    return undefined;
  }
}
