import type { AnswerField, Chainer, Route, RouteQuery } from '@inband/core';
import { describe, expect, test } from 'vitest';
import type { HarnessOptions } from '../../../../test-support/harness.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\n\r\nhi';

/** A service whose only chainer is the usual one with more to it. */
function having(more: Partial<Chainer>): HarnessOptions {
  const route = (_query: RouteQuery, usual: Route): Route => ({ ...usual, chainer: { ...usual.chainer, ...more } });
  return { changesFields: true, route };
}

function adding(...fields: readonly AnswerField[]): HarnessOptions {
  return having({ answerFields: () => fields });
}

interface Exchanged {
  readonly asked: string;
  readonly answered: string;
}

async function exchange(options: HarnessOptions, head: string, answer = ANSWER): Promise<Exchanged> {
  const harness = await make(options);
  const client = harness.client();
  client.send(head);
  const server = await harness.server();
  const asked = await server.receive('\r\n\r\n');
  server.send(answer);
  const answered = await client.receive('\r\n\r\n');
  if (answered.startsWith('HTTP/1.1 101')) server.connection.end();
  return { asked, answered };
}

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

describe('what a chainer adds to an answer', () => {
  test('stands behind the fields of the server', async () => {
    const { answered } = await exchange(adding(['Set-Cookie', 'srv=x; Path=/'], ['X-Served-By', 'b']), GET);
    expect(answered).toMatch(/Set-Cookie: a=1\r\n(?:.*\r\n)*Set-Cookie: srv=x; Path=\/\r\nX-Served-By: b\r\n/);
  });

  test('is as long as it likes', async () => {
    const long = 'v'.repeat(200_000);
    const { answered } = await exchange(adding(['X-Long', long]), GET);
    expect(answered).toContain(`X-Long: ${long}\r\n`);
  });

  test('is added to the answer that opens a WebSocket', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    const head = `GET / HTTP/1.1\r\nHost: h\r\n${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
    const options = adding(['Set-Cookie', 'srv=x']);
    const { answered } = await exchange(options, head, `HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n`);
    expect(answered).toContain('Set-Cookie: srv=x\r\n');
  });

  test.each([undefined, []])('may be nothing (%s)', async (fields) => {
    const { answered } = await exchange(having({ answerFields: () => fields }), GET);
    expect(answered).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });

  test.each<AnswerField>([
    ['X-A', 'b\r\nX-C: d'],
    ['X-A\r\nX-C', 'd'],
    ['', 'b'],
    ['X A', 'b'],
    ['X-A', 'Ā'],
  ])('must be a field (%j: %j)', async (name, value) => {
    const harness = await make(adding([name, value]));
    const client = harness.client();
    client.send(GET);
    const server = await harness.server();
    await server.receive('\r\n\r\n');
    server.send(ANSWER);
    expect(await client.receive('\r\n\r\n')).toMatch(/^HTTP\/1.1 500 /);
    expect(harness.defects).toHaveLength(1);
    harness.defects.length = 0;
  });
});

describe("a chainer's own cookie", () => {
  const cookies = async (...lines: readonly string[]): Promise<readonly string[]> => {
    const head = `GET / HTTP/1.1\r\nHost: h\r\n${lines.map((line) => `${line}\r\n`).join('')}X-Last: l\r\n\r\n`;
    const { asked } = await exchange(having({ ownCookie: 'srv' }), head);
    expect(asked).toContain('X-Last: l\r\n');
    return asked.split('\r\n').filter((line) => /^cookie/i.test(line));
  };

  test('does not reach the server, and the others do', async () => {
    expect(await cookies('Cookie: a=1; srv=x; b=2')).toEqual(['Cookie: a=1; b=2']);
    expect(await cookies('Cookie: srv=x; a=1')).toEqual(['Cookie: a=1']);
    expect(await cookies('Cookie: a=1; srv=x')).toEqual(['Cookie: a=1']);
    expect(await cookies('cookie:a=1;srv=x;srv = y;b="2 3"')).toEqual(['cookie: a=1;b="2 3"']);
  });

  test('leaves no field without a cookie', async () => {
    expect(await cookies('Cookie: srv=x')).toEqual([]);
    expect(await cookies('Cookie: srv=x', 'Cookie: a=1', 'Cookie: srv')).toEqual(['Cookie: a=1']);
  });

  test('is no part of another name or value', async () => {
    const others = 'Cookie: xsrv=1; srv2=2; a=srv; b=srv=x; SRV=3';
    expect(await cookies(others)).toEqual([others]);
  });

  test('does not reach the server of another try, either', async () => {
    const harness = await make(having({ ownCookie: 'srv', serverFailed: () => true }));
    const client = harness.client();
    client.send('GET / HTTP/1.1\r\nHost: h\r\nCookie: a=1; srv=x\r\n\r\n');
    const first = await harness.server();
    expect(await first.receive('\r\n\r\n')).toContain('Cookie: a=1\r\n');
    first.connection.destroy();
    const second = await harness.server();
    expect(await second.receive('\r\n\r\n')).toContain('Cookie: a=1\r\n');
    second.send(ANSWER);
    await client.receive('\r\n\r\n');
  });
});
