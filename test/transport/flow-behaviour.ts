import { expect, test } from 'vitest';
import { fillPipe, patternDigest } from './pattern.ts';
import type { CurrentLab } from './lab-per-test.ts';

export function flowBehaviour(lab: CurrentLab): void {
  test('a peer that does not read makes write return false; drained follows once when it reads', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    expect(client.connection.queued).toBeGreaterThan(0);
    server.resume();
    await client.untilDrained();
    expect(client.connection.queued).toBe(0);
    await server.untilLength(sent);
    await lab().settleDown();
    expect(client.events).toEqual(['drained']);
    expect(server.digest()).toBe(patternDigest(sent));
  });

  test('drained follows also when end was called after the write that returned false', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    client.end();
    server.resume();
    await client.untilDrained();
    await server.untilEnded();
    expect(server.length).toBe(sent);
    expect(client.events).toEqual(['drained']);
  });

  test('writing on after false grows the queue and loses nothing', async () => {
    const { client, server } = await lab().pair();
    const sent = await fillPipe(lab(), client);
    const before = client.connection.queued;
    expect(client.write('tail')).toBe(false);
    expect(client.connection.queued).toBe(before + 4 + (lab().harness.overhead ?? 0));
    server.resume();
    await Promise.all([server.untilLength(sent + 4), client.untilDrained()]);
    expect(client.events.filter((event) => event === 'drained')).toHaveLength(1);
  });

  test('drained comes also while reading is paused', async () => {
    const { client, server } = await lab().pair();
    client.resume();
    client.pause();
    await fillPipe(lab(), client);
    server.resume();
    await client.untilDrained();
    expect(client.events).toEqual(['drained']);
  });

  test('a small write to a peer that reads keeps nothing queued', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    expect(client.write('small')).toBe(true);
    await server.untilLength(5);
    await lab().settleDown();
    expect(client.connection.queued).toBe(0);
  });

  test('pause holds back data and end until resume', async () => {
    const { client, server } = await lab().pair();
    server.resume();
    client.write('a');
    await server.untilLength(1);
    server.pause();
    client.write('b');
    client.end();
    await lab().settleDown();
    expect(server.text).toBe('a');
    expect(server.events).toEqual(['data']);
    server.resume();
    await server.untilEnded();
    expect(server.text).toBe('ab');
  });

  test('pause and resume from within data lose nothing', async () => {
    const { client, server } = await lab().pair();
    let calls = 0;
    server.reactions.data = () => {
      calls += 1;
      server.pause();
      if (calls % 2 === 0) server.resume();
      else setImmediate(() => server.resume());
    };
    server.resume();
    for (let round = 0; round < 20; round += 1) {
      client.write(`${round};`);
      await server.until(() => server.text.endsWith(`${round};`));
    }
    client.end();
    await server.untilEnded();
    expect(server.text).toBe(Array.from({ length: 20 }, (_unused, round) => `${round};`).join(''));
  });

  test('a pause right after resume holds', async () => {
    const { client, server } = await lab().pair();
    client.write('waiting');
    client.end();
    for (let round = 0; round < 3; round += 1) {
      server.resume();
      server.pause();
      await lab().settleDown();
    }
    expect(server.events).toEqual([]);
    server.resume();
    server.resume();
    await server.untilEnded();
    expect(server.text).toBe('waiting');
  });

  test('a pause from within the last data holds back the end, and closed with it', async () => {
    const { client, server } = await lab().pair();
    server.reactions.data = () => {
      if (server.length === 4) server.pause();
    };
    server.resume();
    client.write('last');
    client.end();
    server.end();
    client.resume();
    await server.untilLength(4);
    await lab().settleDown();
    expect(server.events).toEqual(['data']);
    server.resume();
    await server.untilClosed();
    expect(server.events).toEqual(['data', 'ended', 'closed']);
  });

  test('each direction has its own back-pressure', async () => {
    const { client, server } = await lab().pair();
    await fillPipe(lab(), client);
    client.resume();
    server.write('the other way');
    await client.untilLength(13);
    expect(client.text).toBe('the other way');
  });
}
