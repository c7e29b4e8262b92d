import { type Chainer, ProxyError, type RequestView, type Route, type RouteQuery, type Session } from '@inband/core';
import { describe, expect, test } from 'vitest';
import type { Harness } from '../../../test-support/harness.ts';
import { useHarness } from '../../../test-support/use-harness.ts';

const make = useHarness();
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A route to the usual server, by a chainer that `look`s at what it connects. */
function lookingBy(look: (session: Session) => void, more: Partial<Chainer> = {}) {
  return (_query: RouteQuery, usual: Route): Route => ({
    ...usual,
    chainer: {
      looksAtRequest: true,
      ...more,
      kind: 'looking',
      connectServer(session, host, port) {
        look(session);
        return usual.chainer.connectServer(session, host, port);
      },
    },
  });
}

interface Seen {
  readonly path: string | undefined;
  readonly query: string | undefined;
  readonly field: string | undefined;
  readonly fields: readonly string[] | undefined;
}

function seen({ request }: Session, name = 'x-user'): Seen {
  return { path: request?.path, query: request?.query, field: request?.field(name), fields: request?.fields(name) };
}

async function exchange(harness: Harness, head: string): Promise<void> {
  const client = harness.client();
  client.send(head);
  const server = await harness.server();
  await server.receive('\r\n\r\n');
  server.send(ANSWER);
  await client.receive('\r\n\r\n');
}

describe('a chainer that looks at requests', () => {
  test('sees path, query and fields as the client wrote them', async () => {
    const views: Seen[] = [];
    const harness = await make({ looksAtRequests: true, route: lookingBy((session) => views.push(seen(session))) });
    await exchange(harness, 'GET /a%2Fb/c?q=1&r HTTP/1.1\r\nHost: h\r\nX-USER: ann \r\nX-User: bob\r\n\r\n');
    expect(views).toEqual([{ path: '/a%2Fb/c', query: 'q=1&r', field: 'ann', fields: ['ann', 'bob'] }]);
  });

  test('sees what is absent as absent', async () => {
    const views: Seen[] = [];
    const harness = await make({ looksAtRequests: true, route: lookingBy((session) => views.push(seen(session))) });
    await exchange(harness, 'GET / HTTP/1.1\r\nHost: h\r\nX-Users: ann\r\n\r\n');
    expect(views).toEqual([{ path: '/', query: undefined, field: undefined, fields: [] }]);
  });

  test('sees it again when it connects for another try, and not once the answer has begun', async () => {
    const sessions: Session[] = [];
    const views: (RequestView | undefined)[] = [];
    const paths: (string | undefined)[] = [];
    const look = (session: Session): void => {
      sessions.push(session);
      views.push(session.request);
      paths.push(session.request?.path);
    };
    const harness = await make({ looksAtRequests: true, route: lookingBy(look, { serverFailed: () => true }) });
    const client = harness.client();
    client.send('GET /again HTTP/1.1\r\nHost: h\r\n\r\n');
    const first = await harness.server();
    await first.receive('\r\n\r\n');
    first.connection.destroy();
    const second = await harness.server();
    await second.receive('\r\n\r\n');
    second.send(ANSWER);
    await client.receive('\r\n\r\n');
    expect(paths).toEqual(['/again', '/again']);
    expect(sessions.map(({ request }) => request)).toEqual([undefined, undefined]);
    // The head that the view was of serves the next request.
    const { path, query } = views[0] ?? {};
    expect([path, query, views[0]?.field('host'), views[0]?.fields('host')]).toEqual(['', undefined, undefined, []]);
  });

  test('sees the head while it waits, also when other bytes take its place', async () => {
    const paths: (string | undefined)[] = [];
    const route = (_query: RouteQuery, usual: Route): Route => ({
      ...usual,
      chainer: {
        kind: 'waiting',
        looksAtRequest: true,
        async connectServer(session, host, port) {
          await new Promise((resolve) => setImmediate(resolve));
          paths.push(session.request?.path);
          return usual.chainer.connectServer(session, host, port);
        },
      },
    });
    const harness = await make({ looksAtRequests: true, route });
    await Promise.all(
      ['/one', '/two', '/three'].map((path) => exchange(harness, `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)),
    );
    expect(new Set(paths)).toEqual(new Set(['/one', '/two', '/three']));
  });

  test('sees the fields of a CONNECT, and no path', async () => {
    const views: Seen[] = [];
    const route = lookingBy((session) => views.push(seen(session)));
    const harness = await make({ mode: 'forward', http: { connectPorts: 'any' }, looksAtRequests: true, route });
    const client = harness.client();
    client.send('CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nX-User: ann\r\n\r\n');
    await client.receive('\r\n\r\n');
    expect(views).toEqual([{ path: '', query: undefined, field: 'ann', fields: ['ann'] }]);
    (await harness.server()).connection.end();
  });

  test('is shown nothing after it has failed', async () => {
    const sessions: Session[] = [];
    const route = (_query: RouteQuery, usual: Route): Route => ({
      ...usual,
      chainer: {
        kind: 'failing',
        looksAtRequest: true,
        connectServer(session) {
          sessions.push(session);
          return Promise.reject(new ProxyError('connection_refused', 'No.'));
        },
      },
    });
    const harness = await make({ looksAtRequests: true, route });
    const client = harness.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.receive('\r\n\r\n');
    expect(sessions.map(({ request }) => request)).toEqual([undefined]);
  });
});

test('others are shown nothing', async () => {
  const requests: unknown[] = [];
  const look = ({ request }: Session): unknown => requests.push(request);
  const route = lookingBy(look, { looksAtRequest: false });
  await exchange(await make({ looksAtRequests: true, route }), 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(requests).toEqual([undefined]);
});
