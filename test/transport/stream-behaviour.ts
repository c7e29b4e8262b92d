import { expect, test } from 'vitest';
import { fillPipe, patternDigest } from './pattern.ts';
import type { CurrentLab } from './lab-per-test.ts';

export function streamBehaviour(lab: CurrentLab): void {
  test('nothing is delivered before the first resume, and nothing is lost by waiting', async () => {
    const { client, server } = await lab().pair();
    server.write('greeting');
    client.write('question');
    await lab().settleDown();
    expect([client.events, server.events]).toEqual([[], []]);
    client.resume();
    server.resume();
    await Promise.all([client.untilLength(8), server.untilLength(8)]);
    expect([client.text, server.text]).toEqual(['greeting', 'question']);
  });

  test('data comes first, then ended, then closed', async () => {
    const { client, server } = await lab().pair();
    for (const probe of [client, server]) {
      probe.resume();
      probe.write('some bytes');
      probe.end();
    }
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    for (const probe of [client, server]) {
      expect(probe.events).toEqual(['data', 'ended', 'closed']);
      expect(probe.text).toBe('some bytes');
      expect(probe.error).toBeUndefined();
    }
  });

  test('a write sends exactly the range it was given', async () => {
    const { client, server } = await lab().pair();
    const bytes = Buffer.from('0123456789');
    client.write(bytes, 2, 5);
    client.write(bytes, 8);
    expect(client.write(bytes, 3, 3)).toBe(true);
    client.write(bytes, 0, 1);
    client.write(new Uint8Array([65, 66, 67, 68]), 1, 3);
    client.write(bytes);
    client.end();
    server.resume();
    await server.untilEnded();
    expect(server.text).toBe(['234', '89', '0', 'BC', '0123456789'].join(''));
  });

  test('all 256 bytes pass unchanged', async () => {
    const { client, server } = await lab().pair();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_unused, index) => index));
    client.write(bytes);
    server.resume();
    await server.untilLength(256);
    expect(Buffer.from(server.text, 'latin1')).toEqual(bytes);
  });

  test('memory may be reused as soon as write returns', async () => {
    const { client, server } = await lab().pair();
    const memory = Buffer.alloc(8);
    for (let round = 0; round < 100; round += 1) {
      memory.write(String(round).padStart(8, '.'));
      client.write(memory);
    }
    memory.fill('!');
    client.end();
    server.resume();
    await server.untilEnded();
    expect(server.text).toBe(Array.from({ length: 100 }, (_unused, round) => String(round).padStart(8, '.')).join(''));
  });

  test('memory may be reused also when the queue is full', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    client.end();
    server.resume();
    await server.untilEnded();
    expect(server.length).toBe(sent);
    expect(server.digest()).toBe(patternDigest(sent));
  });

  test('received bytes can be passed on, in parts, from within data', async () => {
    const inbound = await lab().pair();
    const outbound = await lab().pair();
    inbound.server.reactions.data = (bytes, start, end) => {
      const middle = start + Math.floor((end - start) / 2);
      outbound.client.write(bytes, start, middle);
      outbound.client.write(bytes, middle, end);
    };
    inbound.server.reactions.ended = () => outbound.client.end();
    inbound.server.resume();
    outbound.server.resume();
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(50);
    inbound.client.write(text);
    inbound.client.end();
    await outbound.server.untilEnded();
    expect(outbound.server.text).toBe(text);
  });

  test('a new handler gets everything from the moment it was set', async () => {
    const { client, server } = await lab().pair();
    const second: string[] = [];
    let secondEnded = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.reactions.data = () => {
      server.connection.handler = {
        data: (bytes, start, end) => void second.push(bytes.toString('latin1', start, end)),
        drained: () => server.drained(),
        ended: () => {
          secondEnded = true;
          resolve();
        },
        closed: (error) => server.closed(error),
      };
      client.write('for the second');
      client.end();
    };
    server.resume();
    client.write('1');
    await promise;
    expect(server.text).toBe('1');
    expect(second.join('')).toBe('for the second');
    expect(secondEnded).toBe(true);
    expect(server.events).toEqual(['data']);
  });
}
