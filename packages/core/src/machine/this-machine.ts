import { readFileSync, statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { Machine } from '../resolver/machine.ts';

/** Bytes of the largest file that is read. An /etc/hosts with a list of blocked names has some megabytes. */
const MAX_FILE = 32 * 1024 * 1024;

/**
 * The machine that this process runs on. Small files below /etc are read synchronously. That takes microseconds at most once
 * per second, and needs no thread of Node's pool, because look-ups may occupy them.
 */
export const thisMachine: Machine = {
  platform: process.platform,
  env: (name) => process.env[name],
  hostname,
  hasGlobalIpv6,
  lookupThreads,
  stampOf,
  read,
};

function hasGlobalIpv6(): boolean {
  const entries = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return entries.some(({ family, internal, address }) => family === 'IPv6' && !internal && /^[23]...:/.test(address));
}

/** libuv gives getaddrinfo half of its threads, so that files can always be read (uv__work_submit, UV__WORK_SLOW_IO). */
function lookupThreads(): number {
  const written = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '4', 10);
  const threads = Math.min(Math.max(Number.isNaN(written) ? 1 : written, 1), 1024);
  return Math.floor((threads + 1) / 2);
}

/** The most descriptors that this process may have; undefined where the system does not say, or sets no limit. */
export function descriptorLimit(): number | undefined {
  let text: string | undefined;
  try {
    text = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return process.platform === 'linux' ? undefined : limitByReport();
  }
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** For systems without /proc. */
function limitByReport(): number | undefined {
  // With the network in it, a report looks up the names of all peers.
  Object.assign(process.report, { excludeNetwork: true });
  const report: { readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } } } =
    process.report.getReport();
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

function stampOf(path: string): string {
  try {
    const status = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (status === undefined) return 'none';
    return `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
  } catch (error) {
    return String(error);
  }
}

function read(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (!status.isFile()) throw new Error('it is not a regular file');
  if (status.size > MAX_FILE) throw new Error(`it has more than ${MAX_FILE} bytes`);
  return readFileSync(path, 'latin1');
}
