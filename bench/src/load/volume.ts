/**
 * Takes large volumes through tunnels, one after another, and checks them: their length, and the first and last byte
 * of every read. Started by the benchmark with {@link VolumeArguments}.
 */
import { messageOf } from '../errors.ts';
import { connect } from 'node:net';
import { askForVolume, patternAt } from '../origin/tunnel-protocol.ts';
import type { LoadResult } from './result.ts';
import { connectHead, establishedHead, report } from './tunnel.ts';

export interface VolumeArguments {
  readonly proxyPort: number;
  readonly targetPort: number;
  /** Of one volume. */
  readonly bytes: number;
  /** Seconds after which no further volume is begun. */
  readonly seconds: number;
}

/** Longest time without progress, in milliseconds. */
const LIMIT = 10_000;

const { proxyPort, targetPort, bytes, seconds }: VolumeArguments = JSON.parse(process.argv[2] ?? '{}');
// One buffer serves all reads, because the load shares its core with the origin and must not become the bottleneck.
const memory = Buffer.alloc(1024 * 1024);

/** Opens one tunnel and reads a volume. Resolves to the microseconds from its request to its last byte. */
function takeVolume(): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer: Buffer | undefined = Buffer.alloc(0);
    let taken = 0;
    let began = 0;
    let duration = 0;
    let fault: string | undefined = 'the tunnel was closed before all had come';

    const socket = connect({
      port: proxyPort,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: memory,
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
        return fail(`the tunnel changed what passed through it, at byte ${taken} or soon after`);
      }
      taken += chunk.length;
      if (taken > bytes) return fail('more came than was asked for');
      if (taken < bytes) return;
      fault = undefined;
      duration = (performance.now() - began) * 1000;
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
      socket.write(askForVolume(bytes));
    }

    socket.setTimeout(LIMIT, () => fail('no progress for ten seconds'));
    socket.on('connect', () => socket.write(connectHead(targetPort)));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => (fault === undefined ? resolve(duration) : reject(new Error(fault))));
  });
}

async function takeVolumes(): Promise<LoadResult> {
  const until = performance.now() + seconds * 1000;
  let completed = 0;
  let duration = 0;
  try {
    do {
      duration += await takeVolume();
      completed += 1;
    } while (performance.now() < until);
  } catch (error) {
    return { completed, duration, faults: [messageOf(error)] };
  }
  return { completed, duration, faults: [] };
}

report(await takeVolumes());
