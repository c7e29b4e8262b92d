import { readdirSync, readlinkSync } from 'node:fs';

/** Sockets that this process holds, whoever opened them and whether or not the event loop watches them. */
export function openSockets(): number {
  if (process.platform !== 'linux') {
    return process.getActiveResourcesInfo().filter((kind) => /TCP|Pipe/.test(kind)).length;
  }
  return readdirSync('/proc/self/fd').filter(isSocket).length;
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
  } catch {
    // The descriptor of the directory itself is closed by now.
    return false;
  }
}
