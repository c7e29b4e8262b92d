import { readFileSync } from 'node:fs';

/**
 * Descriptors that are not for clients and their servers: the runtime, the log, listeners, the pipes of bulky transfers,
 * look-ups, and attempts beside others.
 */
const KEPT = 48;

/** How many descriptors this process may have (`ulimit -n`); undefined where that is unlimited or unknown. */
export function descriptorLimit(): number | undefined {
  return process.platform === 'linux' ? limitOnLinux() : limitByReport();
}

function limitOnLinux(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

function limitByReport(): number | undefined {
  // Without it, a report looks the names of all peers up.
  Object.assign(process.report, { excludeNetwork: true });
  const report: { readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } } } =
    process.report.getReport();
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

/**
 * How many clients there are descriptors for: each may need a server connection at the same time, and none that is let in is to
 * wait for one. So a third of all descriptors, and more, is always left for servers.
 */
export function clientsWithin(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - KEPT) / 2));
}
