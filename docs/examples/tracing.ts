/**
 * A trace of each request, by OpenTelemetry: the request, its connection, and the wait for the first byte.
 *
 *     node docs/examples/tracing.ts
 */
import { createInband } from 'inband';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ask, portOfProxy, startServer } from './local.ts';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

const server = await startServer('a page', 20);
const inband = await createInband(
  {
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
  },
  { tracerProvider },
);
console.log((await ask(portOfProxy(inband), `http://${server.address}/cart`)).slice(0, 3));
server.close();
console.log((await ask(portOfProxy(inband), `http://${server.address}/cart`)).slice(0, 3));
await inband.close({ grace: 0 });

for (const { name, parentSpanContext, attributes } of exporter.getFinishedSpans()) {
  const indent = parentSpanContext === undefined ? '' : '  ';
  const outcome = attributes['error.type'] ?? attributes['http.response.status_code'] ?? 'connected';
  console.log(`${indent}${name}:`, outcome);
}
