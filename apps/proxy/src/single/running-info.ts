import type { MemberInfo } from '../cluster/member-info.ts';
import type { Running } from '../run/running.ts';

/** What a process that serves clients itself says of itself to the cluster. Undefined: it starts. */
export function runningInfo(running: Running | undefined): MemberInfo {
  return { workers: 1, ...(running && { open: running.open, generation: running.generations.at(-1)?.number }) };
}
