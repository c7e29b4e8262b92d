import type { ConfigInput } from 'inband';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { e2e, forward, type Lab } from './lab.ts';
import { startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';

const sdk = fileURLToPath(new URL('../../docs/examples/tracing-sdk.ts', import.meta.url));
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

interface PrintedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
}

/** Each worker is a process that loads the SDK. */
async function traces(lab: Lab, workers: number): Promise<void> {
  const heard: (string | string[] | undefined)[] = [];
  const origin = await lab.origin(({ headers }, response) => {
    heard.push(headers.traceparent);
    response.end('ok');
  });
  const tracing: ConfigInput['tracing'] = { sdk, trust: 'loopback' };
  const program = await startProgram(lab, { ...forward(), workers, tracing });
  const client = await RawClient.connect(program.port);
  client.sendHead(
    `GET ${origin.url}/ HTTP/1.1`,
    `Host: 127.0.0.1:${origin.port}`,
    `traceparent: 00-${TRACE}-00f067aa0ba902b7-01`,
    'Connection: close',
  );
  expect(await client.toEnd()).toMatch(/ok$/);
  client.socket.end();
  program.kill('SIGTERM');
  const { stderr } = await program.ended;
  const lines = stderr.trim().split('\n');
  const spans = lines.map((line) => JSON.parse(line) as PrintedSpan);
  const whole = spans.find(({ name }) => name === 'GET');
  expect(spans.map(({ name }) => name)).toEqual(['connect', 'first byte', 'GET']);
  expect(spans.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE]);
  expect(spans.map(({ parent }) => parent)).toEqual([whole?.spanId, whole?.spanId, '00f067aa0ba902b7']);
  expect(heard).toEqual([`00-${TRACE}-${whole?.spanId}-01`]);
}

e2e('the program traces with the SDK that its configuration names', (lab) => traces(lab, 1), 60_000);

e2e('each of several workers traces with the SDK that its configuration names', (lab) => traces(lab, 2), 60_000);
