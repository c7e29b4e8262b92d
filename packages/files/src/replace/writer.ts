import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { isCode } from '../base/is-code.ts';

/**
 * Who writes a file. `place` is where process ids mean the same: one start of one machine, and one namespace of processes there. An id is used
 * again, so it counts with the time at which the process began.
 */
export interface Writer {
  readonly place: string;
  readonly pid: number;
  readonly began: string;
}

/** Where nothing tells one machine from another. */
const NOWHERE = '00000000';

let own: Writer | undefined;

/** This process. */
export function ownWriter(): Writer {
  return (own ??= { place: placeOfThis(), pid: process.pid, began: beganAt(process.pid) ?? '0' });
}

/** Whether a writer has ended. Undefined where that cannot be seen from here. */
export function hasEnded({ place, pid, began }: Writer): boolean | undefined {
  const here = ownWriter().place;
  if (place !== here || here === NOWHERE) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return true;
    // It is another user's.
    if (!isCode(error, 'EPERM')) return undefined;
  }
  const now = beganAt(pid);
  return now === undefined ? undefined : now !== began;
}

function placeOfThis(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    const namespace = readlinkSync('/proc/self/ns/pid');
    return createHash('sha256').update(boot).update(namespace).digest('hex').slice(0, NOWHERE.length);
  } catch {
    return NOWHERE;
  }
}

/** Ticks of the clock from the start of the machine. A process may be hidden from others. */
function beganAt(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the name, which may hold anything: the 22nd field of all.
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
