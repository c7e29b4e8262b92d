import {
  createMemoryNetwork,
  type MemoryNetwork,
  type SessionRecord,
  type SessionSummary,
  summarise,
} from '@inband/core';
import { expect } from 'vitest';
import type { ConfigInput } from '../src/config/input/config-input.ts';
import { createInband } from '../src/single/inband.ts';
import { address, exchange } from './memory/memory-http.ts';

/** `Basic` credentials. */
export const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
export const proxyAt = address('127.0.0.1', 3128);

export interface Running {
  readonly network: MemoryNetwork;
  readonly summaries: SessionSummary[];
  readonly ask: (bytes: string) => Promise<string>;
}

/** A proxy over a network in memory, with one listener for the service `web`. `more`: of the listener; `top`: of the configuration. */
export async function running(
  services: ConfigInput['services'],
  use: (running: Running) => Promise<void>,
  more: Record<string, unknown> = {},
  top: Record<string, unknown> = {},
): Promise<void> {
  const network = createMemoryNetwork();
  const summaries: SessionSummary[] = [];
  const onSession = (record: SessionRecord) => void summaries.push(summarise(record));
  const listeners = [{ bind: '127.0.0.1:3128', service: 'web', ...more }];
  const inband = await createInband({ listeners, services, ...top }, { transport: network.transport(), onSession });
  const ask = (bytes: string): Promise<string> => exchange(network, '127.0.0.1', proxyAt, bytes);
  await use({ network, summaries, ask });
  await inband.close();
  await expect.poll(() => network.open).toBe(0);
}

/** An origin that answers with the request head that it got. */
export async function startEcho(network: MemoryNetwork) {
  return network.transport().listen(address('127.0.0.2', 80), {}, (connection) => {
    let received = '';
    connection.handler = {
      data(bytes, start, end) {
        received += bytes.toString('latin1', start, end);
        if (!received.includes('\r\n\r\n')) return;
        const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${received.length}\r\nConnection: close\r\n\r\n${received}`;
        connection.write(Buffer.from(answer, 'latin1'));
        connection.end();
      },
      drained() {},
      ended: () => connection.end(),
      closed() {},
    };
    connection.resume();
  });
}

/** A request for 127.0.0.2, with credentials. */
export const get = (
  credentials?: string,
  line = 'GET http://127.0.0.2/ HTTP/1.1',
  field = 'Proxy-Authorization',
): string => {
  const login = credentials === undefined ? '' : `${field}: ${credentials}\r\n`;
  return `${line}\r\nHost: 127.0.0.2\r\n${login}Connection: close\r\n\r\n`;
};
