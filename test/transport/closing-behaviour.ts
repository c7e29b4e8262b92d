import { ProxyError } from '@inband/core';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fillPipe } from './pattern.ts';
import type { CurrentLab } from './lab-per-test.ts';

export function closingBehaviour(lab: CurrentLab): void {
  test.each(['client', 'server'] as const)('half-close: the %s ends first, and the other sends on', async (first) => {
    const pair = await lab().pair();
    const ender = pair[first];
    const other = pair[first === 'client' ? 'server' : 'client'];
    ender.resume();
    other.resume();
    ender.write('request');
    ender.end();
    await other.untilEnded();
    expect(other.text).toBe('request');
    const answer = 'answer '.repeat(5000);
    other.write(answer.slice(0, 7));
    await ender.untilLength(7);
    other.write(answer.slice(7));
    other.end();
    await Promise.all([ender.untilClosed(), other.untilClosed()]);
    expect(ender.text).toBe(answer);
    expect(ender.events).toEqual(['data', 'ended', 'closed']);
    expect([ender.error, other.error]).toEqual([undefined, undefined]);
  });

  test('both ends may end while nobody reads: nothing is lost, and closed waits for the end', async () => {
    const { client, server } = await lab().pair();
    server.write('greeting');
    server.end();
    client.write('question');
    client.end();
    await lab().settleDown();
    expect([client.events, server.events]).toEqual([[], []]);
    client.resume();
    server.resume();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    expect([client.text, server.text]).toEqual(['greeting', 'question']);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });

  test('a connection stays open when only the peer has ended', async () => {
    const { client, server } = await lab().pair();
    client.end();
    server.resume();
    client.resume();
    await server.untilEnded();
    await lab().settleDown();
    expect(server.isClosed).toBe(false);
    expect(server.write('still open')).toBe(true);
    await client.untilLength(10);
  });

  test('a reset reaches the peer as an error, not as an end', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    client.write('cut mess');
    await server.untilLength(8);
    client.destroy(new Error('given up'));
    await server.until(() => server.isClosed || server.events.includes('ended'));
    if (!lab().harness.resets) return;
    await server.untilClosed();
    expect(server.events).toEqual(['data', 'closed']);
    expect(server.error).toBeInstanceOf(ProxyError);
    expect(server.error).toMatchObject({ code: 'connection_terminated' });
  });

  test('a reset with a full queue is not an orderly end either', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    client.destroy(new Error('given up'));
    await client.untilClosed();
    server.resume();
    await server.until(() => server.isClosed || server.events.includes('ended'));
    expect(server.length).toBeLessThan(sent);
    if (lab().harness.resets) expect(server.events).not.toContain('ended');
  });

  test("the owner's own error comes back with closed", async () => {
    const { client } = await lab().pair();
    const reason = new Error('given up');
    client.destroy(reason);
    await client.untilClosed();
    expect(client.error).toBe(reason);
  });

  test('an ordinary destroy is an orderly end for the peer, and no error for the owner', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    client.write('goodbye');
    client.destroy();
    await client.untilClosed();
    expect(client.error).toBeUndefined();
    await server.untilEnded();
    expect(server.text).toBe('goodbye');
    server.end();
    await server.untilClosed();
    expect(server.error).toBeUndefined();
  });

  test('destroy does not wait for the queue, and drops it', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    client.destroy();
    expect(client.connection.queued).toBe(0);
    await client.untilClosed();
    expect(client.events).toEqual(['closed']);
    server.resume();
    await server.until(() => server.isClosed || server.events.includes('ended'));
    expect(server.length).toBeLessThan(sent);
  });

  test('an orderly close waits for the queue', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    client.end();
    client.resume();
    server.end();
    await client.untilEnded();
    await lab().settleDown();
    expect(client.isClosed).toBe(false);
    server.resume();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    expect(server.length).toBe(sent);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });

  test('destroy from within the first of several data drops the others', async () => {
    const { client, server } = await lab().pair();
    server.reactions.data = () => server.pause();
    server.resume();
    client.write('1');
    await server.untilLength(1);
    for (const text of ['2', '3', '4']) {
      client.write(text);
      await lab().settleDown();
    }
    server.reactions.data = () => server.destroy();
    server.resume();
    await server.untilClosed();
    expect(server.events).toEqual(['data', 'closed']);
  });

  test('writing to a peer that is gone ends in connection_terminated', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    client.destroy();
    await server.untilEnded();
    while (!server.isClosed) {
      server.write('anybody there?');
      await nextIteration();
    }
    expect(server.error).toMatchObject({ code: 'connection_terminated' });
  });

  test('a full queue to a peer that closes ends in closed, also while paused', async () => {
    const { client, server } = await lab().pair();
    await fillPipe(lab(), client);
    server.destroy();
    await client.untilClosed();
    expect(client.error).toMatchObject({ code: 'connection_terminated' });
  });

  test.each(['data', 'ended'] as const)('destroy from within %s: closed follows, and nothing else', async (event) => {
    const { client, server } = await lab().pair();
    server.reactions[event] = () => server.destroy();
    server.resume();
    client.write('x'.repeat(1000));
    client.end();
    await server.untilClosed();
    expect(server.events.slice(server.events.indexOf(event))).toEqual([event, 'closed']);
    if (event === 'data') expect(server.events).toEqual(['data', 'closed']);
  });

  test('destroy from within drained closes the connection', async () => {
    const { client, server } = await lab().pair();
    await fillPipe(lab(), client);
    client.reactions.drained = () => client.destroy();
    server.resume();
    await client.untilClosed();
    expect(client.events).toEqual(['drained', 'closed']);
  });

  test('destroy before the first resume closes the connection', async () => {
    const { client, server } = await lab().pair();
    client.write('unread');
    await lab().settleDown();
    server.destroy();
    await server.untilClosed();
    expect(server.events).toEqual(['closed']);
  });

  test('destroy closes the connection while a pause holds the end back', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    server.reactions.data = () => server.pause();
    client.write('x');
    client.end();
    server.end();
    await server.untilLength(1);
    await lab().settleDown();
    server.destroy();
    await server.untilClosed();
    expect(server.events).toEqual(['data', 'closed']);
    expect(server.error).toBeUndefined();
  });

  test('destroy after end still closes at once', async () => {
    const { client } = await lab().pair();
    await fillPipe(lab(), client);
    client.end();
    client.destroy();
    await client.untilClosed();
    expect(client.events).toEqual(['closed']);
  });

  test.each([0, 1, 2, 3])('a reset %i iterations after end still closes', async (iterations) => {
    const { client } = await lab().pair();
    client.write('all there is');
    client.end();
    for (let done = 0; done < iterations; done += 1) await nextIteration();
    client.destroy(new Error('given up'));
    await client.untilClosed();
  });

  test('a write after end does nothing', async () => {
    const { client, server } = await lab().pair();
    client.write('before');
    client.end();
    expect(client.write('after')).toBe(true);
    client.end();
    server.resume();
    await server.untilEnded();
    expect(server.text).toBe('before');
    client.write('later still');
    server.end();
    client.resume();
    await client.untilClosed();
    expect(client.error).toBeUndefined();
    expect(server.text).toBe('before');
  });

  test('after destroy and after closed every call does nothing', async () => {
    const { client, server } = await lab().pair();
    const callAll = (): void => {
      expect(client.write('nothing')).toBe(true);
      client.pause();
      client.resume();
      client.end();
      client.destroy();
      client.destroy(new Error('again'));
      expect(client.connection.queued).toBe(0);
    };
    client.destroy();
    callAll();
    await client.untilClosed();
    callAll();
    await lab().settleDown();
    server.resume();
    await server.until(() => server.isClosed || server.events.includes('ended'));
    expect(server.length).toBe(0);
    expect(client.events).toEqual(['closed']);
    expect(client.error).toBeUndefined();
  });

  test('both ends close when both are destroyed at once', async () => {
    const { client, server } = await lab().pair();
    client.resume();
    server.resume();
    client.destroy();
    server.destroy();
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
  });
}
