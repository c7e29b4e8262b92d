import { createMemoryNetwork, definePlugin, diagnostics, ProxyError } from '@inband/core';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { address, exchange } from '../../test-support/memory/memory-http.ts';
import type { ChainerInput, ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

declare module '../index.ts' {
  interface ResolverKinds {
    fixed: object;
  }
}

const PROXY = address('127.0.0.1', 3128);
const SERVER = address('127.0.0.1', 8000);
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

const fixed = definePlugin<object>({
  provides: 'resolver',
  kind: 'fixed',
  schema: z.strictObject({}),
  create: () => ({
    resolve: async (host: string) => {
      if (host !== 'a.example') throw new ProxyError('dns_error', `There is no ${host}.`);
      return { addresses: [{ family: 'inet' as const, address: '127.0.0.1' }] };
    },
  }),
});

interface How {
  readonly tracing?: ConfigInput['tracing'];
  readonly processor?: SpanProcessor;
  /** A TLS guard is stacked between the service and the server. */
  readonly guarded?: boolean;
}

/** A proxy that traces, with a server behind it that keeps the heads of its requests. */
async function start({ tracing, processor, guarded = false }: How = {}) {
  const inner: ChainerInput = { type: 'inband' };
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [processor ?? new SimpleSpanProcessor(exporter)] });
  const network = createMemoryNetwork();
  const heads: string[] = [];
  const server = await network.transport().listen(SERVER, {}, (connection) => {
    connection.handler = {
      data(bytes, from, to) {
        heads.push(bytes.toString('latin1', from, to));
        connection.write(Buffer.from('HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok'));
      },
      drained() {},
      ended: () => connection.destroy(),
      closed() {},
    };
    connection.resume();
  });
  const messages: string[] = [];
  const note = (_fields: object, message: string): void => void messages.push(message);
  const inband = await createInband(
    {
      ...(tracing && { tracing }),
      plugins: [fixed],
      resolver: { type: 'fixed' },
      listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
      services: {
        browser: {
          mode: 'forward',
          access: [{ deny: { ports: 25 } }, { allow: {} }],
          routes: [{ chainer: guarded ? { type: 'sidestack', service: 'guard', chainer: inner } : inner }],
        },
        ...(guarded && { guard: { proxy: 'tls' } }),
      },
    },
    {
      transport: network.transport(),
      tracerProvider: provider,
      logger: { debug: note, info: note, warn: note, error: note },
    },
  );
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await server.close();
  });
  return { network, inband, heads, exporter, provider, messages };
}

const request = (url: string, fields = '', method = 'GET') =>
  `${method} ${url} HTTP/1.1\r\nHost: ${/^[a-z]+:\/\/([^/]*)/.exec(url)?.[1] ?? url}\r\n${fields}Connection: close\r\n\r\n`;

/** The spans of one request, the one of the request itself last. */
async function spansOf(exporter: InMemorySpanExporter, count: number): Promise<ReadableSpan[]> {
  await vi.waitFor(() => expect(exporter.getFinishedSpans()).toHaveLength(count));
  const spans = exporter.getFinishedSpans();
  exporter.reset();
  return spans;
}

const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

describe('a request', () => {
  test('is a span, with one within it for the look-up, the connection and the first byte', async () => {
    const { network, exporter } = await start();
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/cart?card=4711'));
    const spans = await spansOf(exporter, 4);
    expect(spans.map(({ name, kind }) => [name, kind])).toEqual([
      ['dns lookup', SpanKind.INTERNAL],
      ['connect', SpanKind.INTERNAL],
      ['first byte', SpanKind.INTERNAL],
      ['GET', SpanKind.SERVER],
    ]);
    const whole = spans.at(-1);
    for (const span of spans.slice(0, 3)) expect(span.parentSpanContext?.spanId).toBe(idOf(whole));
    expect(whole?.parentSpanContext).toBeUndefined();
    expect(whole?.attributes).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/cart',
      'network.protocol.name': 'http',
      'network.protocol.version': '1.1',
      'client.address': '127.0.0.1',
      'client.port': expect.any(Number),
      'server.address': 'a.example',
      'server.port': 8000,
      'http.response.status_code': 201,
      'http.request.body.size': 0,
      'http.response.body.size': 2,
      'inband.service': 'browser',
      'inband.route': 'services.browser.routes[0]',
      'inband.chainer': 'inband',
      'inband.server': '127.0.0.1:8000',
      'inband.request.id': expect.stringMatching(/^[0-9a-z]{8}-\d+$/),
      'inband.rule': 'services.browser.access[1]',
      'inband.verdict': 'accepted',
      'inband.reused': false,
    });
    expect(spans.slice(0, 3).map(({ attributes }) => attributes)).toEqual([
      { 'dns.question.name': 'a.example', 'inband.addresses': 1 },
      { 'network.peer.address': '127.0.0.1', 'network.peer.port': 8000, 'network.transport': 'tcp' },
      {
        'network.peer.address': '127.0.0.1',
        'network.peer.port': 8000,
        'inband.reused': false,
        'http.response.status_code': 201,
      },
    ]);
    expect(spans.map(({ status }) => status.code)).toEqual(spans.map(() => SpanStatusCode.UNSET));
  });

  test('that fails says why, and so does the span of what failed', async () => {
    const { network, exporter } = await start();
    await exchange(network, '127.0.0.1', PROXY, request('http://b.example/'));
    const [lookup, unknown] = await spansOf(exporter, 2);
    expect(lookup).toMatchObject({
      name: 'dns lookup',
      status: { code: SpanStatusCode.ERROR, message: 'There is no b.example.' },
      attributes: { 'error.type': 'dns_error' },
    });
    expect(unknown).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'There is no b.example.' },
      attributes: { 'error.type': 'dns_error', 'http.response.status_code': 502, 'inband.refused_by': 'connect' },
    });
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:1/'));
    const [, dial, refused] = await spansOf(exporter, 3);
    expect(dial).toMatchObject({ name: 'connect', attributes: { 'error.type': 'connection_refused' } });
    expect(refused?.attributes).toMatchObject({
      'error.type': 'connection_refused',
      'inband.verdict': 'connection-failed',
    });
  });

  test('that policy denies is no error of the proxy, and names the rule', async () => {
    const { network, exporter } = await start();
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:25/'));
    const [lookup, denied] = await spansOf(exporter, 2);
    expect(lookup?.name).toBe('dns lookup');
    expect(denied).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'inband.verdict': 'denied-by-policy', 'inband.rule': 'services.browser.access[0]' },
    });
  });

  test('with a method that nobody knows makes no name of its own', async () => {
    const { network, exporter } = await start();
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/', '', 'BREW'));
    const whole = (await spansOf(exporter, 4)).at(-1);
    expect(whole?.name).toBe('HTTP');
    expect(whole?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'BREW',
    });
  });
});

describe('a tunnel', () => {
  const connecting = 'CONNECT a.example:8000 HTTP/1.1\r\nHost: a.example:8000\r\n\r\n';

  test('is a span that ends with it, without a first byte', async () => {
    const { network, inband, exporter } = await start();
    const ended = exchange(network, '127.0.0.1', PROXY, `${connecting}x`);
    await vi.waitFor(() => expect(exporter.getFinishedSpans()).toHaveLength(2));
    await inband.close({ grace: 0 });
    await ended;
    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ name }) => name)).toEqual(['dns lookup', 'connect', 'CONNECT']);
    expect(spans[2]?.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.request.body.size': 1 });
  });

  test('through a guard has the one of the guard within it, with the ClientHello that was waited for', async () => {
    const { network, exporter } = await start({ guarded: true });
    await exchange(network, '127.0.0.1', PROXY, `${connecting}GET / HTTP/1.1\r\n\r\n`);
    await vi.waitFor(() => expect(exporter.getFinishedSpans()).toHaveLength(5));
    const spans = new Map(exporter.getFinishedSpans().map((span) => [span.name, span]));
    expect([...spans.keys()].toSorted()).toEqual(['CONNECT', 'TLS', 'client hello', 'connect', 'dns lookup']);
    expect(spans.get('TLS')?.parentSpanContext?.spanId).toBe(idOf(spans.get('CONNECT')));
    expect(spans.get('client hello')).toMatchObject({
      parentSpanContext: { spanId: idOf(spans.get('TLS')) },
      status: { code: SpanStatusCode.ERROR, message: 'The tunnel was refused: it does not begin with TLS.' },
    });
  });
});

describe('the trace of a client', () => {
  const fields = `traceparent: 00-${TRACE}-${PARENT}-01\r\ntracestate: vendor=1\r\n`;

  test('is gone on with if the client is trusted, and the server is told of the span as its parent', async () => {
    const { network, exporter, heads } = await start({ tracing: { trust: 'loopback' } });
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/', fields));
    const whole = (await spansOf(exporter, 4)).at(-1);
    expect(whole?.spanContext().traceId).toBe(TRACE);
    expect(whole?.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true });
    expect(heads[0]?.match(/^trace.*$/gm)).toEqual([
      `traceparent: 00-${TRACE}-${idOf(whole)}-01`,
      'tracestate: vendor=1',
    ]);
  });

  test('is only linked to if the client is not, and the server does not hear of it', async () => {
    const { network, exporter, heads } = await start();
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/', fields));
    const whole = (await spansOf(exporter, 4)).at(-1);
    expect(whole?.parentSpanContext).toBeUndefined();
    expect(whole?.links.map(({ context }) => context)).toEqual([
      expect.objectContaining({ traceId: TRACE, spanId: PARENT }),
    ]);
    const own = whole?.spanContext();
    expect(own?.traceId).not.toBe(TRACE);
    expect(heads[0]?.match(/^trace.*$/gm)).toEqual([`traceparent: 00-${own?.traceId}-${own?.spanId}-01`]);
  });

  test('passes as it is where servers are not to be told', async () => {
    const { network, exporter, heads } = await start({ tracing: { propagate: false } });
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/', fields));
    await spansOf(exporter, 4);
    expect(heads[0]).toContain(fields);
  });

  test('is none if it says so twice', async () => {
    const { network, exporter } = await start({ tracing: { trust: 'loopback' } });
    await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/', `${fields}${fields}`));
    expect((await spansOf(exporter, 4)).at(-1)?.spanContext().traceId).not.toBe(TRACE);
  });
});

test('an SDK that throws affects no request, and is logged once', async () => {
  const broken: SpanProcessor = {
    onStart: () => {
      throw new Error('disk full');
    },
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const { network, messages } = await start({ processor: broken });
  for (let count = 0; count < 2; count += 1) {
    const answer = await exchange(network, '127.0.0.1', PROXY, request('http://a.example:8000/'));
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
  }
  expect(messages.filter((message) => message.includes('SDK'))).toEqual([
    'the SDK for traces has failed; later failures of it are not logged',
  ]);
});

test('what the SDK has not sent is sent when the proxy is closed, and nothing listens any more', async () => {
  const { inband, provider } = await start();
  const flush = vi.spyOn(provider, 'forceFlush');
  expect(diagnostics.lookup.hasSubscribers).toBe(true);
  await inband.close({ grace: 0 });
  expect(flush).toHaveBeenCalledOnce();
  for (const channel of Object.values(diagnostics)) expect(channel.hasSubscribers).toBe(false);
});
