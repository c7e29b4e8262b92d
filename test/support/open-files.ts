import { readdirSync, readlinkSync } from 'node:fs';

/** The files of a process's descriptors. Empty on other systems than Linux. */
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
