import { expectEqual } from './expect.ts';
import type { FuzzTarget } from './target.ts';
import { HTTP_WORDS } from './words.ts';
import { foldCase } from '../../conformance/cases.ts';
import { Lab } from '../../conformance/lab.ts';
import { BLACKHOLE, memoryNet } from '../../conformance/net.ts';
import { VANTAGES } from '../../conformance/vantage.ts';
import { byteByByte, type Split, whole } from '@inband/core';

/** Milliseconds for whatever a deadline of the proxy has to end. Nothing takes as long. */
const DEADLINE = 10_000;
/** Milliseconds after which a run has hung. */
const LIMIT = 20_000;

/** What both ends have seen of a run. */
interface Seen {
  /** The status of the first answer, if it is no error. Which of two errors is seen first, and whether an answer has begun by then, is a matter of time. */
  readonly client: number | undefined;
  /** The first request that was whole. */
  readonly origin: string;
}

/**
 * The first byte says the mode, the second what part of the rest is the client's; what is left is the answer of the server. A client that
 * has sent all finishes, so that nothing waits for more.
 */
export const wholeProxy: FuzzTarget = {
  name: 'whole-proxy',
  covers: /http-proxy\/src\//,
  words: [
    ...HTTP_WORDS,
    'GET http://origin.test:8080/ HTTP/1.1\r\nHost: origin.test:8080\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  ],
  longest: 1024,
  run: async (input) => {
    // Only a deadline ends a connection to there.
    if (input.includes(BLACKHOLE)) return;
    const [flags = 0, part = 0] = input;
    const rest = input.subarray(2);
    const at = Math.floor((part / 256) * rest.length);
    const mode = (flags & 1) === 0 ? 'forward' : 'reverse';
    const strict = (flags & 2) !== 0;
    const [request, answer] = [rest.subarray(0, at), rest.subarray(at)];
    const first = await exchange({ request, answer, mode, strict, split: whole });
    const second = await exchange({ request, answer, mode, strict, split: byteByByte });
    expectEqual('byte by byte', second, first);
  },
};

interface Exchange {
  readonly request: Buffer;
  readonly answer: Buffer;
  readonly mode: 'forward' | 'reverse';
  readonly strict: boolean;
  readonly split: Split;
}

async function exchange({ request, answer, mode, strict, split }: Exchange): Promise<Seen> {
  const http = {
    strict,
    headerTimeout: DEADLINE,
    bodyTimeout: DEADLINE,
    halfCloseTimeout: DEADLINE,
    tunnelHalfCloseTimeout: DEADLINE,
  };
  const settings = { http, connectTimeout: DEADLINE, access: [], asks: false, pace: 0 };
  const lab = await Lab.open({ net: memoryNet(split), settings, mode, vantage: VANTAGES.loopback, limit: LIMIT });
  const problems: string[] = [];
  let seen: Seen = { client: undefined, origin: '' };
  try {
    lab.origin.arm({ ...(answer.length > 0 && { answer }), close: true });
    const client = await lab.connect();
    client.expect(request);
    client.send(request);
    client.connection.end();
    if (!(await lab.soon(() => client.isClosed))) problems.push('the connection of the client stays open');
    if (client.responses.problem !== undefined) problems.push(`the client got ${client.responses.problem}`);
    for (const { reader, isTunnel } of lab.origin.connections) {
      if (!isTunnel && reader.problem !== undefined) problems.push(`the origin got ${reader.problem}`);
    }
    seen = { client: firstStatus(client.responses.complete), origin: firstRequest(lab) };
    problems.push(await lab.unfinished());
  } finally {
    problems.push(await lab.close());
  }
  const found = [...problems, ...lab.defects].filter((text) => text !== '');
  if (found.length > 0) throw new Error(found.join('\n'));
  return seen;
}

/** What a server leaves behind its first answer may belong to the second, so that the time at which it comes decides about that. */
function firstStatus([first]: readonly { readonly status: number }[]): number | undefined {
  return first === undefined || first.status >= 400 ? undefined : first.status;
}

function firstRequest({ origin }: Lab): string {
  const first = origin.requests.find((request) => request.complete);
  return first === undefined ? '' : foldCase(`${first.startLine} ${first.body}`);
}
