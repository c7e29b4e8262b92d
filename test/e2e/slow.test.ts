import { readFileSync } from 'node:fs';
import { get, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { finished, pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { bodyStream, hashOf, hashOfBody, MiB } from './bodies.ts';
import { e2e, forward } from './lab.ts';
import { type RunningProgram, startProgram } from './program.ts';

const SIZE = 256 * MiB;
const EXPECTED = hashOfBody(SIZE);
/** What the kernel's buffers along the way take, with much to spare; a body that is held whole would be far above. */
const MOST_ON_THE_WAY = 64 * MiB;
/** Garbage that has not been collected yet included. */
const MOST_GROWTH = 160 * MiB;

/** Bytes. `VmRSS`: now; `VmHWM`: the most it ever was. */
function memory(program: RunningProgram, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${program.pid}/status`, 'latin1');
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024;
}

/** Resolves with what was written once that does not grow any more, or all was written. */
async function stalled(socket: () => Socket | null | undefined): Promise<number> {
  for (let last = -1; ;) {
    const written = socket()?.bytesWritten ?? 0;
    if (written > 0 && (written === last || written >= SIZE)) return written;
    last = written;
    await wait(250);
  }
}

describeRequiring({ linux: true }, 'memory stays bounded', () => {
  e2e('while a client does not read its response', async (lab) => {
    const program = await startProgram(lab, forward());
    const origin = await lab.origin((_req, res) => void pipeline(bodyStream(SIZE), res));
    const before = memory(program, 'VmRSS');
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { host: `127.0.0.1:${origin.port}` };
      const options = { host: '127.0.0.1', port: program.port, path: `${origin.url}/`, agent: false, headers };
      get(options, resolve).on('error', reject);
    });
    expect(await stalled(() => origin.connections[0])).toBeLessThan(MOST_ON_THE_WAY);
    expect(await hashOf(response)).toBe(EXPECTED);
    expect(memory(program, 'VmHWM') - before).toBeLessThan(MOST_GROWTH);
  });

  e2e('while a server does not read its request', async (lab) => {
    const program = await startProgram(lab, forward());
    const arrived = Promise.withResolvers<() => Promise<string>>();
    const origin = await lab.origin((req, res) => {
      const read = async (): Promise<string> => {
        const hash = await hashOf(req);
        res.end('thanks');
        return hash;
      };
      arrived.resolve(read);
    });
    const before = memory(program, 'VmRSS');
    const headers = { host: `127.0.0.1:${origin.port}`, 'content-length': SIZE };
    const options = {
      host: '127.0.0.1',
      port: program.port,
      path: `${origin.url}/`,
      method: 'PUT',
      agent: false,
      headers,
    };
    const outgoing = request(options, (response) => response.resume());
    const sent = pipeline(bodyStream(SIZE), outgoing);
    const read = await arrived.promise;
    expect(await stalled(() => outgoing.socket)).toBeLessThan(MOST_ON_THE_WAY);
    expect(await read()).toBe(EXPECTED);
    await sent;
    expect(memory(program, 'VmHWM') - before).toBeLessThan(MOST_GROWTH);
  });

  e2e('while a client does not read from its tunnel', async (lab) => {
    const program = await startProgram(lab, forward());
    const origin = await lab.tcpOrigin((socket) => void pipeline(bodyStream(SIZE), socket));
    const before = memory(program, 'VmRSS');
    const socket = connect(program.port, '127.0.0.1');
    socket.write(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n\r\n`);
    expect(await stalled(() => origin.connections[0])).toBeLessThan(MOST_ON_THE_WAY);
    expect(await hashOf(afterHead(socket))).toBe(EXPECTED);
    socket.end();
    await finished(socket);
    expect(memory(program, 'VmHWM') - before).toBeLessThan(MOST_GROWTH);
  });
});

/** What follows the head of a response. */
async function* afterHead(socket: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const bytes of socket) {
    if (head === undefined) {
      yield bytes;
      continue;
    }
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) continue;
    yield head.subarray(end + 4);
    head = undefined;
  }
}
