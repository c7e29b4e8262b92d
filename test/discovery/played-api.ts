import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { DiscoveredServer, ServerDiscovery } from 'inband';
import { onTestFinished } from 'vitest';

/** An answer of an API, as it was recorded: a whole one, or a stream that a test goes on with. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An API that answers as a test says, and knows what it was asked for. `at`: a Unix socket instead of a port. */
export async function playApi(answer: Answer, at?: string): Promise<{ readonly url: string; readonly asked: URL[] }> {
  const asked: URL[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://api.example'));
    answer(request, response);
  });
  server.listen(at ?? { port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  return { url: typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '', asked };
}

/** What a discovery finds, one after the other. It is stopped when the test ends. */
export function follow(discovery: ServerDiscovery): () => Promise<readonly DiscoveredServer[]> {
  const stop = new AbortController();
  const found = discovery.servers(stop.signal)[Symbol.asyncIterator]();
  let waiting: Promise<unknown> = Promise.resolve();
  onTestFinished(async () => {
    stop.abort();
    await waiting.catch(() => undefined);
    await found.return?.().catch(() => undefined);
  });
  return async () => {
    const next = found.next();
    waiting = next;
    const { value, done } = await next;
    if (done === true) throw new Error('The discovery has ended.');
    return value;
  };
}

/** The addresses of servers. */
export function addressesIn(servers: readonly DiscoveredServer[]): string[] {
  return servers.map(({ address }) => address);
}
