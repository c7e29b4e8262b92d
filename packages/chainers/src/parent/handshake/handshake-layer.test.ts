import { createMemoryNetwork, type Connection, type ConnectionHandler, type Session } from '@inband/core';
import { expect, test } from 'vitest';
import { handshakeLayer } from './handshake-layer.ts';
import { Socks5Handshake } from './socks5.ts';

const GRANTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const NOBODY = { family: 'inet', address: '127.0.0.1', port: 1 } as const;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the layer does not look at it
const session = {} as Session;

function pair(): { readonly ours: Connection; readonly parent: Connection } {
  const { client, server } = createMemoryNetwork().connectPair({ client: NOBODY, server: NOBODY });
  return { ours: client, parent: server };
}

const layer = handshakeLayer('', () => new Socks5Handshake({ host: 'shop.example', port: 80 }, undefined));

/** Collects what a connection delivers, and resolves with it at its end. */
function gathered(connection: Connection): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    connection.handler = {
      data: (bytes, start, end) => void (text += bytes.toString('latin1', start, end)),
      drained: () => undefined,
      ended: () => resolve(text),
      closed: (error) => resolve(`${text} closed ${error?.message ?? ''}`),
    };
    connection.resume();
  });
}

/** A parent that answers each piece that it gets with the next one of its own. */
function answers(
  connection: Connection,
  pieces: readonly Buffer[],
  then?: (connection: Connection) => void,
): ConnectionHandler {
  const left = [...pieces];
  const handler: ConnectionHandler = {
    data() {
      const next = left.shift();
      if (next !== undefined) connection.write(next);
      if (left.length === 0) then?.(connection);
    },
    drained: () => undefined,
    ended: () => undefined,
    closed: () => undefined,
  };
  connection.handler = handler;
  connection.resume();
  return handler;
}

test('a connection without unread bytes is given back as it is', async () => {
  const { ours, parent } = pair();
  answers(parent, [Buffer.from([5, 0]), GRANTED]);
  expect(await layer.wrap(ours, session)).toBe(ours);
  ours.destroy();
});

test('what came with the end of the handshake is delivered first, then the rest', async () => {
  const { ours, parent } = pair();
  answers(parent, [Buffer.from([5, 0]), Buffer.concat([GRANTED, Buffer.from('220 ')])], (connection) => {
    connection.write(Buffer.from('ready'));
    connection.end();
  });
  const connection = await layer.wrap(ours, session);
  expect([connection.pending, connection.hasUnreadInput?.()]).toEqual([true, true]);
  const text = gathered(connection);
  connection.write(Buffer.from('hello'));
  expect(await text).toBe('220 ready');
  expect(connection.pending === true).toBe(false);
  connection.destroy();
});

test('an owner that pauses at once gets nothing until it resumes', async () => {
  const { ours, parent } = pair();
  answers(parent, [Buffer.from([5, 0]), Buffer.concat([GRANTED, Buffer.from('220 ')])], (connection) => {
    connection.end();
  });
  const connection = await layer.wrap(ours, session);
  const text = gathered(connection);
  connection.pause();
  await new Promise((resolve) => setImmediate(resolve));
  expect(connection.pending).toBe(true);
  connection.resume();
  expect(await text).toBe('220 ');
  connection.destroy();
});

test('a parent that closes in the middle is an error', async () => {
  const { ours, parent } = pair();
  answers(parent, [Buffer.from([5])], (connection) => connection.end());
  await expect(layer.wrap(ours, session)).rejects.toMatchObject({ code: 'connection_terminated' });
  parent.destroy();
});

test('a refusal closes the connection', async () => {
  const { ours, parent } = pair();
  const ended = new Promise<void>((resolve) => {
    answers(parent, [Buffer.from([5, 0]), Buffer.from([5, 5])]);
    parent.handler = { ...parent.handler, ended: resolve };
  });
  await expect(layer.wrap(ours, session)).rejects.toMatchObject({ code: 'connection_refused' });
  await ended;
  parent.destroy();
});

test('what cannot be asked for closes the connection', async () => {
  const { ours, parent } = pair();
  const tooLong = handshakeLayer('', () => new Socks5Handshake({ host: 'a'.repeat(300), port: 80 }, undefined));
  answers(parent, [Buffer.from([5, 0])]);
  await expect(tooLong.wrap(ours, session)).rejects.toMatchObject({ code: 'http_request_error' });
  parent.destroy();
});
