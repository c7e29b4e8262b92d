import { ProxyError } from '@inband/core';
import { describe, expect, test, vi } from 'vitest';
import type { HarnessOptions } from '../../test-support/harness.ts';
import { useHarness } from '../../test-support/use-harness.ts';
import type { Step } from './steps/step.ts';

const make = useHarness();
const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

/** The names of the steps of a service with these options. */
async function namesOf(options: HarnessOptions): Promise<string[]> {
  const names: string[] = [];
  const watchStep = (step: Step): Step => {
    names.push(step.name);
    return step;
  };
  await make({ ...options, watchStep });
  return names;
}

/** Has `change` replace the step of that name. */
function changing(name: string, change: (step: Step) => Partial<Step>): HarnessOptions {
  return { watchStep: (step) => (step.name === name ? { ...step, ...change(step) } : step) };
}

describe('the steps of a service', () => {
  test('are only those that its options leave something to do for', async () => {
    const least = ['addressee', 'admit', 'route', 'reuse', 'check-body', 'connect', 'send'];
    expect(await namesOf({ http: { connectPorts: 'any' } })).toEqual(least);
    const [first = '', ...rest] = least;
    expect(await namesOf({ http: { maxBody: 0 } })).toEqual([first, 'limit-body', 'connect-ports', ...rest]);
  });

  test('run in order for every request, and look at its answer in the reverse order', async () => {
    const seen: string[] = [];
    const watchStep = (step: Step): Step => ({
      ...step,
      request: (call) => {
        seen.push(step.name);
        return step.request(call);
      },
      ...(['admit', 'route'].includes(step.name) && {
        response: (_call, head) => void seen.push(`${step.name} ${head.status}`),
      }),
    });
    const harness = await make({ http: { connectPorts: 'any' }, watchStep });
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send(ANSWER);
    await client.receive('hi');
    const asked = ['addressee', 'admit', 'route', 'reuse', 'check-body', 'connect', 'send'];
    expect(seen).toEqual([...asked, 'route 200', 'admit 200']);
  });
});

describe('a step', () => {
  test('is closed once with its service, when it has seen every request end', async () => {
    const seen: string[] = [];
    const harness = await make(
      changing('admit', (step) => ({
        request: (call) => {
          seen.push(`begins ${call.request.method}`);
          return step.request(call);
        },
        close: () => seen.push(`closed after ${harness.records.length}`),
      })),
    );
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    harness.proxy.close();
    harness.proxy.close();
    expect(seen).toEqual(['begins GET', 'closed after 1']);
    server.connection.end();
  });

  test('is not closed by draining, and one that throws then prevents no other', async () => {
    const closed: string[] = [];
    const harness = await make({
      watchStep: (step) => ({
        ...step,
        close: () => {
          closed.push(step.name);
          if (step.name === 'admit') throw new Error('no');
        },
      }),
    });
    await harness.proxy.drain();
    expect(closed).toEqual([]);
    harness.proxy.close();
    expect(closed).toEqual(['addressee', 'connect-ports', 'admit', 'route', 'reuse', 'check-body', 'connect', 'send']);
    expect(harness.defects.splice(0)).toMatchObject([{ err: { message: 'no' } }]);
  });

  test('may wait, and what the client sends meanwhile waits too', async () => {
    const ready = Promise.withResolvers<void>();
    const harness = await make(changing('admit', () => ({ request: () => ready.promise })));
    const client = harness.client();
    client.send('POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab');
    client.send('cd');
    await new Promise((resolve) => setImmediate(resolve));
    expect(harness.dialled).toBe(0);
    ready.resolve();
    const server = await harness.server();
    await server.receive('abcd');
    server.send(ANSWER);
    await client.receive('hi');
  });

  test('that waits for too long is an error of the time to connect', async () => {
    const harness = await make({
      ...changing('admit', () => ({ request: () => new Promise<void>(() => {}) })),
      http: { responseTimeout: 20 },
    });
    const client = harness.client();
    client.send(GET);
    await client.receive('HTTP/1.1 504 ');
    await client.answered();
    expect(harness.records).toMatchObject([{ error: { code: 'connection_timeout', setting: 'http.responseTimeout' } }]);
    expect(harness.dialled).toBe(0);
  });

  test('that waits for a client that goes away runs no later one', async () => {
    const ready = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const request = (): Promise<void> => {
      reached.resolve();
      return ready.promise;
    };
    const harness = await make(changing('admit', () => ({ request })));
    const client = harness.client();
    client.send(GET);
    await reached.promise;
    client.connection.destroy(new Error('gone'));
    await vi.waitFor(() => expect(harness.records).toMatchObject([{ aborted: true }]));
    ready.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(harness.dialled).toBe(0);
  });

  test.each(['throws', 'rejects'])('refuses when it %s, and the connection stays open', async (how) => {
    const refusal = new ProxyError('http_request_denied', 'Not today.', { setting: 'http.test' });
    const request = (): Promise<void> => {
      if (how === 'throws') throw refusal;
      return Promise.reject(refusal);
    };
    const harness = await make(changing('admit', () => ({ request })));
    const client = harness.client();
    for (let times = 0; times < 2; times += 1) {
      client.send(GET);
      await client.receive('HTTP/1.1 403 ');
      await client.answered();
      client.received = '';
    }
    expect(harness.records.map(({ error }) => error)).toEqual([refusal, refusal]);
  });

  test('may answer itself, and no later one runs', async () => {
    const answer = { status: 204, reason: 'No Content', fields: [] };
    const harness = await make(changing('admit', () => ({ request: (call) => call.answer(answer) })));
    const client = harness.client();
    client.send(GET + GET);
    await client.receive('HTTP/1.1 204 No Content\r\n');
    await client.receive('HTTP/1.1 204 No Content\r\n');
    expect(harness.dialled).toBe(0);
    expect(harness.records).toMatchObject([{ status: 204 }, { status: 204 }]);
  });

  test('that returns a promise may have answered already, and then the connection is idle', async () => {
    const harness = await make({
      ...changing('admit', () => ({
        request(call) {
          call.answer({ status: 204, reason: 'No Content', fields: [] });
          return Promise.resolve();
        },
      })),
      http: { idleTimeout: 20, responseTimeout: 60_000 },
    });
    const client = harness.client();
    client.send(GET);
    await client.receive('HTTP/1.1 204 No Content\r\n');
    await client.ended();
    expect(harness.dialled).toBe(0);
  });
});
