import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';

/** The machine on which the benchmark ran. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly system: string;
  readonly kernel: string;
  readonly node: string;
  /** The hard limit of file descriptors for a process (ulimit -Hn). */
  readonly descriptors: number;
  /** Load average of the last minute before the run. A value above 0.3 means that other programs were running. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    processor: `${cpus()[0]?.model.trim() ?? 'unknown'} (${arch()})`,
    cores: cpus().length,
    memory: totalmem(),
    system: systemName(),
    kernel: release(),
    node: process.version,
    descriptors: descriptorLimit(readFileSync('/proc/self/limits', 'latin1')),
    loadBefore: Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[0]),
  };
}

/** The hard limit for open files in /proc/PID/limits. */
function descriptorLimit(limits: string): number {
  const limit = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'Linux';
  }
}
