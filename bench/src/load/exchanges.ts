/**
 * Opens tunnels one after another on several lanes: CONNECT, 100 bytes there and back, close from our side and wait
 * until the proxy has closed too. Started by the benchmark with {@link ExchangeArguments}.
 */
import { messageOf } from '../errors.ts';
import { connect } from 'node:net';
import { EXCHANGE, EXCHANGE_SIZE } from '../origin/tunnel-protocol.ts';
import { percentile } from '../figures/statistics.ts';
import type { LoadResult } from './result.ts';
import { connectHead, establishedHead, report } from './tunnel.ts';

export interface ExchangeArguments {
  readonly proxyPort: number;
  readonly targetPort: number;
  readonly lanes: number;
  readonly seconds: number;
}

/** The timeout of one tunnel, in milliseconds. */
const LIMIT = 5_000;
/** The number of faults after which the run ends. */
const MOST_FAULTS = 10;

const { proxyPort, targetPort, lanes, seconds }: ExchangeArguments = JSON.parse(process.argv[2] ?? '{}');
const head = connectHead(targetPort);
const latencies: number[] = [];
const faults: string[] = [];

/** Opens, uses and closes one tunnel. Resolves to what was wrong with it. */
function exchange(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port: proxyPort, host: '127.0.0.1', noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    let open = false;
    let fault: string | undefined = 'the tunnel was closed before the exchange was complete';
    const fail = (why: string): void => {
      fault = why;
      socket.destroy();
    };
    socket.setTimeout(LIMIT, () => fail('nothing happened in a tunnel for five seconds'));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => resolve(fault));
    socket.on('connect', () => socket.write(head));
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (!open) {
        try {
          const length = establishedHead(received);
          if (length === 0) return;
          open = true;
          received = received.subarray(length);
          socket.write(EXCHANGE);
        } catch (error) {
          return fail(messageOf(error));
        }
      }
      if (received.length < EXCHANGE_SIZE) return;
      if (!received.equals(EXCHANGE)) return fail('a tunnel changed what passed through it');
      fault = undefined;
      socket.end();
    });
  });
}

async function lane(until: number): Promise<void> {
  while (performance.now() < until && faults.length < MOST_FAULTS) {
    const began = performance.now();
    const fault = await exchange();
    if (fault === undefined) latencies.push((performance.now() - began) * 1000);
    else faults.push(fault);
  }
}

const began = performance.now();
await Promise.all(Array.from({ length: lanes }, () => lane(began + seconds * 1000)));
if (latencies.length === 0) faults.push('not one tunnel was completed');
const result: LoadResult = {
  completed: latencies.length,
  duration: (performance.now() - began) * 1000,
  ...(latencies.length === 0 ? {} : { p50: percentile(latencies, 50), p99: percentile(latencies, 99) }),
  faults,
};
report(result);
