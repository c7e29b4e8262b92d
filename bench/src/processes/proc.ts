import { codeOf } from '../errors.ts';
import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel says of one process in /proc/PID/stat (proc(5)). Times are in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Time in user mode, of all its threads, ended ones included. */
  readonly user: number;
  readonly system: number;
  /** The same of the children that it has waited for. */
  readonly childrenUser: number;
  readonly childrenSystem: number;
}

/** Processor time, in microseconds. */
export interface ProcessorTime {
  readonly user: number;
  readonly system: number;
}

/** Memory, in bytes. A page that several processes share counts in full in `rss`, and by its share in `pss`. */
export interface Memory {
  readonly pss: number;
  readonly rss: number;
}

/** Linux reports these times in hundredths of a second on every architecture that Node runs on (USER_HZ). */
const MICROSECONDS_PER_TICK = 10_000;

/** Reads one /proc/PID/stat. The name of the program may hold spaces and parentheses, so fields count from the last. */
export function parseStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text
    .slice(close + 2)
    .trim()
    .split(' ');
  const field = (number: number): number => {
    // Field 3, the state, is the first one after the name.
    const value = Number(fields[number - 3]);
    if (open < 0 || close < 0 || !Number.isFinite(value)) throw new Error(`not a /proc/PID/stat: ${text.slice(0, 80)}`);
    return value;
  };
  return {
    pid: Number(text.slice(0, open - 1)),
    parent: field(4),
    user: field(14),
    system: field(15),
    childrenUser: field(16),
    childrenSystem: field(17),
  };
}

/** Reads /proc/PID/smaps_rollup. */
export function parseMemory(text: string): Memory {
  const bytes = (name: string): number => {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
    if (match === null) throw new Error(`no ${name} in smaps_rollup`);
    return Number(match[1]) * 1024;
  };
  return { pss: bytes('Pss'), rss: bytes('Rss') };
}

/** The process `root` and all its descendants, of `processes`. */
export function treeOf(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const byParent = Map.groupBy(processes, (each) => each.parent);
  const tree = processes.filter((each) => each.pid === root);
  for (const each of tree) tree.push(...(byParent.get(each.pid) ?? []));
  return tree;
}

/**
 * Processor time of a whole process tree. A child that has ended is in its parent's count of children, so nothing is
 * lost when one does between two readings.
 */
export function timeOf(tree: readonly ProcessStat[]): ProcessorTime {
  let user = 0;
  let system = 0;
  for (const each of tree) {
    user += each.user + each.childrenUser;
    system += each.system + each.childrenSystem;
  }
  return { user: user * MICROSECONDS_PER_TICK, system: system * MICROSECONDS_PER_TICK };
}

/** The tree of a running process; empty when it has ended. */
export function readTree(root: number): ProcessStat[] {
  const processes: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = readIfThere(`/proc/${name}/stat`);
    if (text !== undefined) processes.push(parseStat(text));
  }
  return treeOf(root, processes);
}

/** Processor time so far of a running process and its descendants. */
export function readProcessorTime(root: number): ProcessorTime {
  return timeOf(readTree(root));
}

/** Memory of a running process and its descendants. */
export function readMemory(root: number): Memory {
  let pss = 0;
  let rss = 0;
  for (const each of readTree(root)) {
    const text = readIfThere(`/proc/${each.pid}/smaps_rollup`);
    if (text === undefined || text === '') continue;
    const memory = parseMemory(text);
    pss += memory.pss;
    rss += memory.rss;
  }
  return { pss, rss };
}

/** A process may end between being listed and being read. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
