import { fstatSync, readFileSync } from 'node:fs';

/**
 * The path that a unix socket is bound to, an abstract one with NUL in front. Empty if the system does not tell: Node has no function
 * for it, and Linux lists all unix sockets in a file.
 */
export function boundPath(descriptor: number): string {
  try {
    const inode = String(fstatSync(descriptor).ino);
    // Num RefCount Protocol Flags Type St Inode Path
    const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n');
    const path = lines.map((line) => /^(?:\S+ +){6}(\d+) (.+)$/.exec(line)).find((match) => match?.[1] === inode)?.[2];
    return path?.replace(/^@/, '\0') ?? '';
  } catch {
    return '';
  }
}
