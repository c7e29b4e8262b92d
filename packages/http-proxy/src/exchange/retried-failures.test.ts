import { ProxyError, type Chainer, type RetriedFailures, type ServerFailure } from '@inband/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { passTime, passTimeUntil } from '../../../core/test-support/passing-time.ts';
import { useHarness } from '../../test-support/use-harness.ts';
import type { HarnessOptions, Peer } from '../../test-support/harness.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());
const setUpHarness = useHarness();

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const BUSY = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nX-From: it\r\n\r\nbusy';

interface Plan extends HarnessOptions {
  /** For which tries no server is reached. */
  readonly unreachable?: readonly number[];
  /** What the chainer says when it is asked about a failure; default: yes. */
  readonly says?: (asked: number) => boolean;
  readonly failures?: RetriedFailures;
}

async function setUp({ unreachable = [], says = () => true, failures, ...options }: Plan = {}) {
  const told: ServerFailure[] = [];
  let tries = 0;
  const h = await setUpHarness({
    ...options,
    route(_query, { name, chainer: usual }) {
      const chainer: Chainer = {
        kind: 'retrying',
        retriedFailures: failures ?? { statuses: new Set([503]), timeout: undefined },
        connectServer(...target) {
          tries += 1;
          if (!unreachable.includes(tries)) return usual.connectServer(...target);
          return Promise.reject(new ProxyError('connection_refused', 'Not there.'));
        },
        serverFailed(_session, failure) {
          told.push(failure);
          return says(told.length);
        },
      };
      return { name, chainer };
    },
  });
  const client = h.client();
  return { h, told, client };
}

type Setting = Awaited<ReturnType<typeof setUp>>;

async function asked({ h }: Setting, end = '\r\n\r\n'): Promise<Peer> {
  const server = await passTimeUntil(h.server());
  await server.receive(end);
  return server;
}

describe('an answer with a status that is retried', () => {
  test('is not seen by the client where another server has a better one', async () => {
    const setting = await setUp();
    setting.client.send(GET);
    const first = await asked(setting);
    first.send(BUSY);
    (await asked(setting)).send(OK);
    expect(await setting.client.receive('ok')).toMatch(/^HTTP\/1.1 200 /);
    expect(setting.told).toEqual([{ cause: 'status', status: 503, mayRepeat: true }]);
    expect(setting.h.records).toMatchObject([{ status: 200, error: undefined, retries: ['status'] }]);
    await passTimeUntil(first.until(() => first.hasEnded || first.isClosed));
  });

  test('is what the client gets, as it is, where the chainer knows no other server', async () => {
    const setting = await setUp({ says: (times) => times < 2 });
    setting.client.send(GET);
    (await asked(setting)).send(BUSY.replace('it', 'first'));
    (await asked(setting)).send(BUSY.replace('it', 'second'));
    const answer = await setting.client.receive('busy');
    expect(answer).toContain('X-From: second');
    expect(setting.h.records).toMatchObject([{ status: 503, error: undefined }]);
  });

  test.each(['refuses', 'closes without an answer', 'answers what is no HTTP', 'takes too long'])(
    'is what the client gets where the next server %s',
    async (how) => {
      const unreachable = how === 'refuses' ? [2] : [];
      const http = { responseTimeout: how === 'takes too long' ? 300 : 60_000 };
      const setting = await setUp({ unreachable, http, says: (times) => times < 2 });
      const { client } = setting;
      client.send(GET);
      const first = await asked(setting);
      first.send(BUSY.slice(0, -2));
      if (how !== 'refuses') {
        const second = await asked(setting);
        if (how === 'answers what is no HTTP') second.send('SSH-2.0\r\n\r\n');
        else if (how !== 'takes too long') second.connection.destroy();
      }
      await passTimeUntil(client.receive('X-From: it'));
      first.send('sy');
      await client.receive('busy');
      expect(setting.h.records).toMatchObject([{ status: 503, error: undefined }]);
      client.send(GET);
      await first.receive('\r\n\r\n');
      first.send(OK);
      await client.receive('ok');
    },
  );

  test('is cut where it breaks off while it is kept back', async () => {
    const setting = await setUp({ says: (times) => times < 2 });
    setting.client.send(GET);
    const first = await asked(setting);
    first.send(BUSY.slice(0, -2));
    const second = await asked(setting);
    first.connection.destroy(new Error('reset'));
    await new Promise(setImmediate);
    second.connection.destroy();
    await setting.client.until(() => setting.client.isClosed || setting.client.received.includes(' 502 '));
    expect(setting.h.records).toMatchObject([{ error: { code: 'http_response_incomplete' } }]);
  });

  test('leaves nothing open where the client goes away meanwhile', async () => {
    const setting = await setUp();
    setting.client.send(GET);
    const first = await asked(setting);
    first.send(BUSY);
    const second = await asked(setting);
    setting.client.connection.destroy(new Error('reset'));
    for (const server of [first, second]) await server.until(() => server.hasEnded || server.isClosed);
  });

  test('of a request that may not be sent twice goes to the client, and the chainer knows why', async () => {
    const setting = await setUp();
    setting.client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
    (await asked(setting, 'hi')).send(BUSY);
    await setting.client.receive('busy');
    expect(setting.told).toEqual([{ cause: 'status', status: 503, mayRepeat: false }]);
    expect(setting.h.dialled).toBe(1);
  });

  test('to a request with a body that is kept has the body sent again', async () => {
    const setting = await setUp();
    const body = `${'x'.repeat(65_533)}end`;
    setting.client.send(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n${body}`);
    (await asked(setting, 'end')).send(BUSY);
    const second = await setting.h.server();
    expect(await second.receive('end')).toContain(body);
    second.send(OK);
    await setting.client.receive('ok');
  });

  test('comes to the client after 100, too, and before the rest of a body that it did not wait for', async () => {
    const setting = await setUp({ unreachable: [2] });
    setting.client.send('PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\nabc');
    const first = await asked(setting, 'abc');
    first.send(`HTTP/1.1 100 Continue\r\n\r\n${BUSY}`);
    await setting.client.receive('100 Continue');
    expect(await setting.client.receive('busy')).toContain('Connection: close');
    await setting.client.ended();
  });

  test('with another status is not asked about', async () => {
    const setting = await setUp();
    setting.client.send(GET);
    (await asked(setting)).send(BUSY.replace('503', '500'));
    await setting.client.receive('busy');
    expect(setting.told).toEqual([]);
  });
});

describe('a server that takes longer than a try may', () => {
  const failures = { statuses: new Set<number>(), timeout: 50 };

  test('is left for another one', async () => {
    const setting = await setUp({ failures });
    setting.client.send(GET);
    const first = await asked(setting);
    (await asked(setting)).send(OK);
    await setting.client.receive('ok');
    expect(setting.told).toMatchObject([{ cause: 'timeout', error: { code: 'http_response_timeout' } }]);
    await passTimeUntil(first.until(() => first.hasEnded || first.isClosed));
  });

  test('is waited for where no other is left', async () => {
    const setting = await setUp({ failures, says: () => false });
    setting.client.send(GET);
    const first = await asked(setting);
    await passTime(1_000, () => setting.told.length > 0);
    first.send(OK);
    await setting.client.receive('ok');
  });

  test('is waited for as long as http.responseTimeout allows, and not longer', async () => {
    const setting = await setUp({ failures, says: () => false, http: { responseTimeout: 100 } });
    setting.client.send(GET);
    await asked(setting);
    expect(await passTimeUntil(setting.client.receive('\r\n\r\n'))).toMatch(/^HTTP\/1.1 504 /);
    expect(setting.told).toHaveLength(1);
  });
});
