import { readdirSync, readlinkSync } from 'node:fs';

/** What the descriptors of a process refer to. Linux only; elsewhere there are none. */
export function openFiles(pid: number | 'self'): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync(`/proc/${pid}/fd`).flatMap((number) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${number}`)];
    } catch {
      return []; // Closed since the folder was read: the one that read it, for example.
    }
  });
}
