import { createHash } from 'node:crypto';
import type { Lab } from './lab.ts';
import type { Probe } from './probe.ts';

const BLOCK = 64 * 1024;

/** Bytes that differ from block to block and within each block, so that none can be lost or swapped unnoticed. */
function fillBlock(block: Buffer, number: number): void {
  for (let index = 0; index < block.length; index += 4) block.writeUInt32LE((number * 40503 + index * 31) >>> 0, index);
}

/** SHA-256 of the first `total` bytes of the pattern; `total` is a multiple of 4. */
export function patternDigest(total: number): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(BLOCK);
  for (let sent = 0, number = 0; sent < total; sent += BLOCK, number += 1) {
    fillBlock(block, number);
    hash.update(block.subarray(0, Math.min(BLOCK, total - sent)));
  }
  return hash.digest('hex');
}

/** Sends `total` bytes of the pattern from one buffer, reused at once, and heeds back-pressure. Then ends. */
export async function sendPattern(probe: Probe, total: number): Promise<void> {
  const block = Buffer.alloc(BLOCK);
  for (let sent = 0, number = 0; sent < total; sent += BLOCK, number += 1) {
    fillBlock(block, number);
    const keepsUp = probe.write(block, 0, Math.min(BLOCK, total - sent));
    block.fill(0xff);
    if (!keepsUp) await probe.untilDrained();
  }
  probe.end();
}

/**
 * Writes blocks of the pattern, from one buffer, until the peer, which must not be reading, does not keep up and
 * nothing more fits anywhere. Returns how many bytes that took, and forgets the events up to then.
 */
export async function fillPipe(lab: Lab, probe: Probe): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  let sent = 0;
  while (sent < 64 * 1024 * 1024) {
    fillBlock(block, sent / BLOCK);
    sent += BLOCK;
    const keepsUp = probe.write(block);
    block.fill(0xff);
    if (keepsUp) continue;
    // A kernel may find room for more after all.
    await lab.settleDown();
    if (!probe.awaitsDrained) continue;
    probe.events.length = 0;
    return sent;
  }
  throw new Error('64 MiB were written to a paused peer without back-pressure');
}
