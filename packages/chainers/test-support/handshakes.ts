import { type ProxyError, toProxyError } from '@inband/core';
import type { Handshake } from '../src/parent/handshake/handshake.ts';

/** What became of a handshake. */
export interface Outcome {
  readonly isDone: boolean;
  /** What came behind it. */
  readonly rest: string;
  /** How often something was sent. */
  readonly sent: number;
  readonly error?: ProxyError;
}

/** Plays a handshake with what a parent sends, one piece after the other. */
export function played(
  make: () => Handshake,
  pieces: readonly Buffer[],
): { readonly sent: Buffer[]; readonly isDone: boolean; readonly rest: Buffer; readonly error?: ProxyError } {
  const sent: Buffer[] = [];
  let received: Buffer = Buffer.alloc(0);
  let isDone = false;
  try {
    const handshake = make();
    sent.push(Buffer.from(handshake.begin()));
    for (const piece of pieces) {
      received = Buffer.concat([received, piece]);
      while (!isDone) {
        const step = handshake.read(received);
        if (step === undefined) break;
        received = received.subarray(step.used);
        if (step.send !== undefined) sent.push(Buffer.from(step.send));
        isDone = step.isDone === true;
      }
    }
    return { sent, isDone, rest: received };
  } catch (error) {
    return { sent, isDone, rest: received, error: toProxyError(error) };
  }
}

/** The outcomes of a handshake with the same bytes in one piece, in two for every split, and byte by byte. */
export function outcomesOfSplits(make: () => Handshake, bytes: Buffer): Outcome[] {
  const inTwo = Array.from(bytes, (_byte, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  const single = Array.from(bytes, (byte) => Buffer.from([byte]));
  return [...inTwo, single].map((pieces) => {
    const { sent, isDone, rest, error } = played(make, pieces);
    return { isDone, rest: rest.toString(), sent: sent.length, ...(error && { error }) };
  });
}
