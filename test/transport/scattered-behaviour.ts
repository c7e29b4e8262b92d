import { expect, test } from 'vitest';
import { patternDigest, sendPattern } from './pattern.ts';
import type { Probe } from './probe.ts';
import type { CurrentLab } from './lab-per-test.ts';

const RELAYS = 24;

type Random = (below: number) => number;

/** Whole numbers from 0 to below a limit, any of them as likely; the same ones for the same seed. */
function evenly(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Passes on what arrives at `from` in pieces of all sizes, some of them out of memory that is overwritten at once, and now
 * and then has the transport forward a part of it.
 */
function scatter(from: Probe, to: Probe, random: Random): void {
  from.reactions.data = (bytes, start, end) => {
    for (let at = start; at < end;) {
      const stop = random(3) === 0 ? Math.min(end, at + 1 + random(random(2) === 0 ? 300 : 90_000)) : end;
      if (random(6) > 0) passOn(bytes, at, stop);
      else {
        const copy = Buffer.from(bytes.subarray(at, stop));
        passOn(copy, 0, copy.length);
        copy.fill(0xee);
      }
      at = stop;
    }
    if (random(5) === 0) from.connection.forward?.(to.connection, 1 + random(400_000));
  };
  const passOn = (bytes: Buffer, start: number, end: number): void => {
    if (!to.write(bytes, start, end)) from.pause();
  };
  from.reactions.ended = () => to.end();
  to.reactions.drained = () => from.resume();
  from.resume();
}

/** Reads, and every so often does not for a while. */
function haltNowAndThen(probe: Probe, random: Random): void {
  probe.reactions.data = () => {
    if (random(8) > 0) return;
    probe.pause();
    setImmediate(() => probe.resume());
  };
  probe.resume();
}

/** Many relays at once, so that the bytes of one wait, where they were received, while others receive theirs. */
export function scatteredBehaviour(lab: CurrentLab): void {
  test.each([1, 22, 333])('relays that pass on pieces of all sizes mix up nothing (seed %i)', async (seed) => {
    const random = evenly(seed);
    // A transport that delivers byte by byte takes its time.
    const most = Math.min(2_000_000, lab().harness.largest / 32);
    const transfers = [];
    for (let made = 0; made < RELAYS; made += 1) {
      const inbound = await lab().pair();
      const outbound = await lab().pair();
      scatter(inbound.server, outbound.client, random);
      scatter(outbound.client, inbound.server, random);
      const ends = [inbound.client, outbound.server];
      for (const end of ends) haltNowAndThen(end, random);
      const totals = ends.map(() => 4 * random(random(2) === 0 ? 100 : most / 4));
      transfers.push({ ends, totals });
    }
    await Promise.all(
      transfers.flatMap(({ ends, totals }) => ends.map((end, index) => sendPattern(end, totals[index]!))),
    );
    for (const { ends, totals } of transfers) {
      await Promise.all(ends.map((end) => end.untilClosed()));
      expect(ends.map((end) => end.length)).toEqual(totals.toReversed());
      expect(ends.map((end) => end.digest())).toEqual(totals.toReversed().map(patternDigest));
    }
  });
}
