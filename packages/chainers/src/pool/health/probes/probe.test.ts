import { createMemoryNetwork, ignoreEvents, ProxyError, type ServerConnection, type Session } from '@inband/core';
import { afterEach, expect, test, vi } from 'vitest';
import { DEFAULT_EXPECTATION } from './expectation.ts';
import { hostField, httpAsk, type HttpQuestion } from './http-probe.ts';
import { type Finding, Probe } from './probe.ts';

afterEach(() => void vi.useRealTimers());

const question: HttpQuestion = { method: 'GET', path: '/health', host: 'app.example', expect: DEFAULT_EXPECTATION };

interface Asked {
  readonly finding: Finding;
  readonly request: string;
  readonly session: Session | undefined;
}

/** What a probe finds at a server that sends `reply` to each request; '' for one that closes instead. */
async function ask(reply: string | undefined, asked: Partial<HttpQuestion> = {}): Promise<Asked> {
  const network = createMemoryNetwork();
  const pair = network.connectPair();
  let request = '';
  pair.server.handler = {
    ...ignoreEvents,
    data: (bytes, start, end) => {
      request += bytes.toString('latin1', start, end);
      if (reply === '') pair.server.destroy();
      else if (reply !== undefined) pair.server.write(Buffer.from(reply));
    },
    ended: () => pair.server.end(),
  };
  pair.server.resume();
  let session: Session | undefined;
  const connect = (own: Session): ServerConnection => {
    session = own;
    const { client: connection } = pair;
    const { local, remote } = connection;
    return {
      connection,
      local,
      remote,
      reused: false,
      release: () => expect.fail(),
      destroy: () => connection.destroy(),
    };
  };
  const finding = await new Probe(reply === undefined ? 50 : 10_000).run(connect, httpAsk({ ...question, ...asked }));
  await vi.waitFor(() => expect(network.open).toBe(0));
  return { finding, request, session };
}

function answer(status: number, body = ''): string {
  return `HTTP/1.1 ${status} Whatever\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

test('a server that answers as expected is well', async () => {
  const { finding, request } = await ask(answer(204));
  expect(finding).toEqual({ is: 'well' });
  expect(request).toMatch(/^GET \/health HTTP\/1.1\r\nhost: app\.example\r\n/i);
});

test('a probe is a session of the proxy itself, which uses no idle connection', async () => {
  const { session } = await ask(answer(200));
  expect(session).toMatchObject({ mayReuse: false, client: { isProxyItself: true }, service: { name: 'check' } });
});

test('another status is named, and what was expected', async () => {
  const { finding } = await ask(answer(503, 'no'));
  expect(finding).toEqual({ is: 'failed', why: 'It answered 503 to GET /health, not 200-399.' });
});

test('a body is looked through for the expected text', async () => {
  const ready = { expect: { statuses: [[200, 200]] as const, body: 'ready' } };
  expect((await ask(answer(200, 'we are ready'), ready)).finding).toEqual({ is: 'well' });
  expect((await ask(answer(200, 'we are not'), ready)).finding).toEqual({
    is: 'failed',
    why: 'Its answer to GET /health does not contain the expected text.',
  });
});

test('a server that closes the connection, or sends no HTTP, has failed', async () => {
  const closed = 'It closed the connection before its answer to GET /health was complete.';
  expect((await ask('')).finding).toEqual({ is: 'failed', why: closed });
  expect((await ask('SSH-2.0-OpenSSH_9.2\r\n')).finding).toMatchObject({
    is: 'failed',
    why: expect.stringContaining('Its answer to GET /health is no good HTTP/1'),
  });
});

test('a server that does not answer in time has failed, and leaves nothing open', async () => {
  expect((await ask(undefined)).finding).toEqual({ is: 'failed', why: 'It did not answer within 50 ms.' });
});

test('one that refuses the connection has failed, and the reason is that of the dial', async () => {
  const refused = new ProxyError('connection_refused', '192.0.2.1:80 refused the connection.');
  const finding = await new Probe(1_000).run(() => Promise.reject(refused), undefined);
  expect(finding).toEqual({ is: 'failed', why: '192.0.2.1:80 refused the connection.' });
});

test('a failure that is not the servers says nothing about it', async () => {
  const ours = new ProxyError('proxy_internal_error', 'There are no descriptors left.');
  const finding = await new Probe(1_000).run(() => Promise.reject(ours), undefined);
  expect(finding).toEqual({ is: 'unknown', why: 'There are no descriptors left.' });
});

test('a probe that is cancelled ends at once, and says nothing', async () => {
  const probe = new Probe(60_000);
  const running = probe.run(
    (session) =>
      new Promise((_, reject) => {
        session.addEventListener('abort', () => reject(new ProxyError('connection_terminated', 'Cancelled.')));
      }),
    undefined,
  );
  probe.cancel();
  expect(await running).toMatchObject({ is: 'unknown' });
});

test('the Host field has the port where it is not the usual one', () => {
  const remote = { family: 'inet', address: '192.0.2.1', port: 8_080 } as const;
  expect(hostField({ remote }, 'app.example')).toBe('app.example:8080');
  expect(hostField({ remote: { ...remote, port: 80 } }, '2001:db8::1')).toBe('[2001:db8::1]');
  expect(hostField({ remote: { family: 'unix', path: '/run/app.sock' } }, '')).toBe('localhost');
});
