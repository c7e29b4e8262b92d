import { setImmediate as nextIteration } from 'node:timers/promises';
import { pseudoRandom, Relay, Timers } from '@inband/core';
import type { Connection, RelayResult } from '@inband/core';
import { expect, test } from 'vitest';
import { patternDigest, sendPattern } from './pattern.ts';
import type { Probe } from './probe.ts';
import type { CurrentLab } from './lab-per-test.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

interface Tunnel {
  readonly client: Probe;
  readonly server: Probe;
  readonly done: Promise<RelayResult>;
}

/** Opens a client and a server with a relay between them. */
async function openTunnel(lab: CurrentLab, idle = 60_000): Promise<Tunnel> {
  const { transport } = lab().harness;
  const timers = new Timers();
  const origin = await lab().listen();
  const { promise: done, resolve } = Promise.withResolvers<RelayResult>();
  const start = (client: Connection): void => {
    transport.connect(origin.address, {}, (error, server) => {
      if (server === undefined) client.destroy(error);
      else new Relay(client, server, { idle: timers.list(idle), done: resolve }).start({ clientEnded: false });
    });
  };
  const listener = await transport.listen(lab().harness.bind(), {}, start);
  const [client, server] = await Promise.all([lab().connect(listener.address), origin.accepted()]);
  await Promise.all([listener.close(), origin.close()]);
  void done.then(() => timers.close());
  return { client, server, done };
}

/** Reads with pauses of random length, at random moments. */
function readHaltingly(probe: Probe, seed: number): void {
  const random = pseudoRandom(seed);
  let next = 0;
  probe.reactions.data = () => {
    if (probe.length < next) return;
    next = probe.length + random(MEBIBYTE);
    probe.pause();
    if (random(2) === 1) setImmediate(() => probe.resume());
    else setTimeout(() => probe.resume(), random(6));
  };
  probe.resume();
}

/**
 * What a tunnel promises over every transport: bytes, ends and resets pass as they came. A transport that forwards
 * bulky tunnels in a way of its own (`Connection.forward`, splice) has to pass as well.
 */
export function relayBehaviour(lab: CurrentLab): void {
  const sizes = [0, 4, 512 * KIBIBYTE - 4, 512 * KIBIBYTE, 512 * KIBIBYTE + 4, MEBIBYTE, 5 * MEBIBYTE + 12];
  const survives = async (total: number): Promise<void> => {
    const { client, server, done } = await openTunnel(lab);
    client.resume();
    server.resume();
    client.end();
    await sendPattern(server, total);
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    expect(client.digest()).toBe(patternDigest(total));
    expect(await done).toEqual({ bytesIn: 0, bytesOut: total, failed: undefined });
  };
  test.each(sizes)('%i bytes from the server survive', survives);
  test('a GiB from the server survives', () => survives(1024 * MEBIBYTE), 120_000);

  test('what goes both ways at once arrives at readers that halt', async () => {
    const total = Math.min(24 * MEBIBYTE, lab().harness.largest);
    const { client, server, done } = await openTunnel(lab);
    readHaltingly(client, 1);
    readHaltingly(server, 2);
    await Promise.all([sendPattern(client, total), sendPattern(server, total)]);
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    for (const probe of [client, server]) expect(probe.digest()).toBe(patternDigest(total));
    expect(await done).toEqual({ bytesIn: total, bytesOut: total, failed: undefined });
  });

  test('a bulky request and its end are followed by a bulky answer', async () => {
    const total = Math.min(8 * MEBIBYTE, lab().harness.largest);
    const { client, server, done } = await openTunnel(lab);
    client.resume();
    server.resume();
    await sendPattern(client, total);
    await server.untilEnded();
    expect(server.length).toBe(total);
    expect(client.events).not.toContain('ended');
    await sendPattern(server, total);
    await client.untilClosed();
    for (const probe of [client, server]) expect(probe.digest()).toBe(patternDigest(total));
    expect(await done).toMatchObject({ bytesIn: total, bytesOut: total, failed: undefined });
  });

  test('small exchanges go on after bulky ones', async () => {
    const { client, server } = await openTunnel(lab);
    client.resume();
    server.resume();
    const block = Buffer.alloc(2 * MEBIBYTE);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      if (!from.write(block)) await from.untilDrained();
      await to.untilLength(block.length);
    }
    for (let round = 1; round <= 20; round += 1) {
      client.write('ping');
      await server.untilLength(block.length + 4 * round);
      server.write('pong');
      await client.untilLength(block.length + 4 * round);
    }
  });

  test.each(['client', 'server'] as const)('a reset of the %s amid bulk reaches the other side', async (who) => {
    const tunnel = await openTunnel(lab);
    const reader = tunnel[who];
    const writer = tunnel[who === 'client' ? 'server' : 'client'];
    const block = Buffer.alloc(256 * KIBIBYTE);
    reader.resume();
    writer.resume();
    reader.reactions.data = () => {
      if (reader.length >= 3 * MEBIBYTE) reader.destroy(new Error('given up'));
    };
    while (!reader.isClosed) {
      if (!writer.write(block)) await Promise.race([writer.untilDrained(), writer.untilClosed()]);
      await nextIteration();
    }
    while (!writer.isClosed) {
      writer.write(block);
      await nextIteration();
    }
    expect((await tunnel.done).failed).toBe(who);
    expect(writer.error).toMatchObject({ code: 'connection_terminated' });
  });

  test('a sender that resets amid bulk does not look like one that has finished', async () => {
    const { client, server, done } = await openTunnel(lab);
    client.resume();
    const block = Buffer.alloc(256 * KIBIBYTE);
    while (client.length < 3 * MEBIBYTE) {
      if (!server.write(block)) await server.untilDrained();
      await nextIteration();
    }
    server.destroy(new Error('given up'));
    await client.until(() => client.isClosed || client.events.includes('ended'));
    if (!lab().harness.resets) client.destroy();
    else expect(client.events).not.toContain('ended');
    await done;
  });

  test('a reader that has stopped holds up its sender, and an idle tunnel ends', async () => {
    const { client, server, done } = await openTunnel(lab, 300);
    client.resume();
    const block = Buffer.alloc(256 * KIBIBYTE);
    while (client.length < 2 * MEBIBYTE) {
      if (!server.write(block)) await server.untilDrained();
      await nextIteration();
    }
    client.pause();
    let written = 0;
    while (!server.isClosed) {
      while (!server.isClosed && server.write(block)) written += block.length;
      await Promise.race([server.untilDrained(), server.untilClosed()]);
    }
    expect(written).toBeLessThan(64 * MEBIBYTE);
    expect((await done).failed).toBe('idle');
  });

  test('40 tunnels at once keep their bytes apart, all with readers that halt', async () => {
    const total = MEBIBYTE * 2;
    const tunnels = await Promise.all(Array.from({ length: 40 }, () => openTunnel(lab)));
    for (const { client, server } of tunnels) {
      server.resume();
      client.end();
    }
    const sent = tunnels.map(({ server }) => sendPattern(server, total));
    // Everything between the two ends fills up before anybody reads.
    await lab().settleDown();
    for (const [index, { client }] of tunnels.entries()) readHaltingly(client, index + 1);
    await Promise.all([...sent, ...tunnels.map(({ client }) => client.untilClosed())]);
    const digest = patternDigest(total);
    for (const { client } of tunnels) expect(client.digest()).toBe(digest);
  });
}
