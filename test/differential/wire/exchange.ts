import { connect } from 'node:net';
import { type Input, SENTINEL, sentinelFor } from '../inputs/input.ts';
import type { Lane, Origin, OriginConnection } from './origin.ts';
import type { Patience } from './patience.ts';
import type { ReadRequest } from './request-reader.ts';

/** What became of an input at one proxy. */
export interface Outcome {
  readonly connections: readonly OriginConnection[];
  /** What reached the origin whole, without the sentinel. */
  readonly messages: readonly ReadRequest[];
  /** The sentinel arrived as a message of its own: the proxy knew where the input ends, and served what came next. */
  readonly wentOn: boolean;
  /** The proxy passed on what an origin cannot read. */
  readonly isMalformed: boolean;
  /** All that the client got. */
  readonly heard: Buffer;
  /** Status of the first answer to the client; 0 for none. */
  readonly status: number;
  /** Nothing happened any more, and the proxy had not closed the connection. */
  readonly hung: boolean;
}

/** Where one proxy takes an input, and where it sends it on to. */
export interface Way {
  readonly port: number;
  /** The address of the origin that this proxy dials for this port. */
  readonly address: string;
}

/** Milliseconds between the pieces of an input that is cut. */
const PAUSE = 3;
/** Milliseconds after which a proxy that still does something is given up. */
const LONGEST = 10_000;

/** Sends an input and the sentinel to a proxy, until it has closed the connection and the origin has heard all, or until it only waits. */
export function exchange(input: Input, { port, address }: Way, origin: Origin, patience: Patience): Promise<Outcome> {
  return new Promise((resolve) => {
    const connections: OriginConnection[] = [];
    const heard: Buffer[] = [];
    let answer = input.answer;
    let isEnded = false;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const settle = (hung: boolean): void => {
      watch.stop();
      clearTimeout(limit);
      for (const pause of pauses) clearTimeout(pause);
      origin.assign(address, NOBODY);
      if (hung) socket.resetAndDestroy();
      else socket.destroy();
      if (!hung) patience.finished();
      resolve(outcomeOf(connections, Buffer.concat(heard), hung));
    };
    const watch = patience.watch(() => settle(!isEnded));
    const limit = setTimeout(() => settle(true), LONGEST);
    const lane: Lane = {
      opened: (connection) => {
        connections.push(connection);
        watch.happened();
      },
      changed: () => {
        watch.happened();
        if (isEnded && connections.every(({ isClosed }) => isClosed)) settle(false);
      },
      answerTo: (request) => {
        if (isSentinel(request)) return undefined;
        const first = answer;
        answer = undefined;
        return first;
      },
    };
    origin.assign(address, lane);
    const end = (): void => {
      if (isEnded) return;
      isEnded = true;
      lane.changed();
    };
    socket.on('data', (bytes: Buffer) => {
      watch.happened();
      heard.push(bytes);
    });
    socket.on('end', end);
    // A proxy that refuses may reset the connection while the rest is being sent.
    socket.on('error', end);
    socket.on('close', end);
    const pauses = sendInPieces(input, (piece) => socket.write(piece));
  });
}

/** The status of the first final response. */
function statusIn(heard: Buffer): number {
  const beginning = heard.toString('latin1', 0, 4096);
  return Number(/(?:^|\r\n)HTTP\/1\.[01] ([2-5][0-9]{2})/.exec(beginning)?.[1] ?? 0);
}

const NOBODY: Lane = { opened: () => {}, changed: () => {}, answerTo: () => undefined };

function sendInPieces(input: Input, write: (piece: Buffer) => void): NodeJS.Timeout[] {
  const bytes = Buffer.from(input.text + sentinelFor(input), 'latin1');
  const bounds = [0, ...input.cuts, bytes.length];
  return bounds.slice(1).flatMap((end, index) => {
    const piece = bytes.subarray(bounds[index], end);
    if (index > 0) return [setTimeout(write, PAUSE * index, piece)];
    write(piece);
    return [];
  });
}

function outcomeOf(connections: readonly OriginConnection[], heard: Buffer, hung: boolean): Outcome {
  const complete = connections.flatMap(({ requests }) => requests.filter((request) => request.complete));
  return {
    connections,
    messages: complete.filter((request) => !isSentinel(request)),
    wentOn: complete.some(isSentinel),
    isMalformed: connections.some(({ isMalformed }) => isMalformed),
    heard,
    status: statusIn(heard),
    hung,
  };
}

export function isSentinel({ method, target, body }: ReadRequest): boolean {
  return method === 'GET' && body === '' && target.endsWith(SENTINEL);
}
