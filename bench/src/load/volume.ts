/**
 * Takes one large volume through a tunnel and checks it: its length, and the first and last octet of every read.
 * Started by the benchmark with {@link VolumeArguments}.
 */
import { messageOf } from '../errors.ts';
import { connect } from 'node:net';
import { askForVolume, patternAt } from '../origin/tunnel-protocol.ts';
import type { LoadResult } from './result.ts';
import { connectHead, establishedHead, report } from './tunnel.ts';

export interface VolumeArguments {
  readonly proxyPort: number;
  readonly targetPort: number;
  readonly octets: number;
}

/** Longest time without progress, in milliseconds. */
const LIMIT = 10_000;

const { proxyPort, targetPort, octets }: VolumeArguments = JSON.parse(process.argv[2] ?? '{}');
let answer: Buffer | undefined = Buffer.alloc(0);
let taken = 0;
let began = 0;
let fault: string | undefined = 'the tunnel was closed before all had come';

const socket = connect({
  port: proxyPort,
  host: '127.0.0.1',
  noDelay: true,
  // One buffer for all reads: the load shares its core with the origin, and must not be what limits.
  onread: {
    buffer: Buffer.alloc(1024 * 1024),
    callback: (length, buffer) => {
      take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
      return true;
    },
  },
});

function fail(why: string): void {
  fault = why;
  socket.destroy();
}

function take(chunk: Buffer): void {
  if (answer !== undefined) return takeAnswer(chunk);
  if (chunk[0] !== patternAt(taken) || chunk[chunk.length - 1] !== patternAt(taken + chunk.length - 1)) {
    return fail(`the tunnel changed what passed through it, at octet ${taken} or soon after`);
  }
  taken += chunk.length;
  if (taken > octets) return fail('more came than was asked for');
  if (taken < octets) return;
  fault = undefined;
  finish();
  socket.end();
}

function takeAnswer(chunk: Buffer): void {
  answer = Buffer.concat([answer ?? Buffer.alloc(0), chunk]);
  try {
    if (establishedHead(answer) === 0) return;
  } catch (error) {
    return fail(messageOf(error));
  }
  answer = undefined;
  began = performance.now();
  socket.write(askForVolume(octets));
}

let duration = 0;

function finish(): void {
  duration = (performance.now() - began) * 1000;
}

socket.setTimeout(LIMIT, () => fail('no progress for ten seconds'));
socket.on('connect', () => socket.write(connectHead(targetPort)));
socket.on('error', (error) => fail(error.message));
socket.on('close', () => {
  const result: LoadResult = {
    completed: fault === undefined ? 1 : 0,
    duration,
    faults: fault === undefined ? [] : [fault],
  };
  report(result);
});
