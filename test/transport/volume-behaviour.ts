import { expect, test } from 'vitest';
import { runs } from '../support/tiers/runs.ts';
import { patternDigest, sendPattern } from './pattern.ts';
import type { Probe } from './probe.ts';
import type { CurrentLab } from './lab-per-test.ts';

const MEBIBYTE = 1024 * 1024;

/** Passes on what arrives at `from`, no faster than `to` takes it. */
function relay(from: Probe, to: Probe): void {
  from.reactions.data = (bytes, start, end) => {
    if (!to.write(bytes, start, end)) from.pause();
  };
  from.reactions.ended = () => to.end();
  to.reactions.drained = () => from.resume();
  from.resume();
}

export function volumeBehaviour(lab: CurrentLab): void {
  test('1 MiB each way at the same time arrives whole', async () => {
    const { client, server } = await lab().pair();
    const total = Math.min(MEBIBYTE, lab().harness.largest);
    client.resume();
    server.resume();
    await Promise.all([sendPattern(client, total), sendPattern(server, total)]);
    await Promise.all([client.untilClosed(), server.untilClosed()]);
    for (const probe of [client, server]) {
      expect(probe.length).toBe(total);
      expect(probe.digest()).toBe(patternDigest(total));
      expect(probe.error).toBeUndefined();
    }
  });

  test('64 MiB arrive whole through a relay, to a reader that pauses', async () => {
    const inbound = await lab().pair();
    const outbound = await lab().pair();
    const total = Math.min(runs(64) * MEBIBYTE, lab().harness.largest);
    const reader = outbound.server;
    let pauses = 0;
    reader.reactions.data = () => {
      if (reader.length < pauses * MEBIBYTE) return;
      pauses += 1;
      reader.pause();
      setImmediate(() => reader.resume());
    };
    relay(inbound.server, outbound.client);
    reader.resume();
    inbound.client.resume();
    await sendPattern(inbound.client, total);
    await reader.untilEnded();
    expect(reader.length).toBe(total);
    expect(reader.digest()).toBe(patternDigest(total));
  });
}
