import type { Member } from '@inband/store';
import * as z from 'zod';
import { configInfo } from './config-info.ts';
import { difference, instant } from './stored-numbers.ts';

const stale = z.lazy(() => z.object({ what: z.string(), since: instant, why: z.string() }));

/**
 * What a member says of itself with each beat, every ten seconds. Each part that adds something to it makes that optional, and whoever reads it ignores
 * what it does not know, because members of several versions live beside each other.
 */
const memberInfo = z.lazy(() =>
  z.object({
    /** Of the program. */
    version: z.string().optional().catch(undefined),
    pid: z.int().optional().catch(undefined),
    /** Milliseconds since 1970. */
    started: instant.optional().catch(undefined),
    /** Processes that serve clients. */
    workers: z.int().optional().catch(undefined),
    /** The number of its current configuration since its start. */
    generation: z.int().optional().catch(undefined),
    /** Client connections. */
    open: z.int().optional().catch(undefined),
    /** When it beat, by its own clock: milliseconds since 1970. */
    at: instant.optional().catch(undefined),
    /** Milliseconds by which its clock is ahead of that of the store. */
    clock: difference.optional().catch(undefined),
    /** Requests and tunnels for each second, since the beat before. */
    requests: z.number().optional().catch(undefined),
    /** What it has as it was last known: see `Staleness`. */
    stale: z.array(stale).optional().catch(undefined),
    /** Whether the member finishes, and takes no new clients. */
    isStopping: z.boolean().optional().catch(undefined),
    /** What it runs of what is pushed to all. Absent: nothing is pushed to it. */
    config: configInfo.optional().catch(undefined),
  }),
);

export type MemberInfo = z.output<typeof memberInfo>;

/** A member that lives, as it has said itself. */
export interface ClusterMember extends MemberInfo {
  readonly name: string;
}

/** Reads what a member says. One that says nothing that can be read is a member nevertheless. */
export function clusterMember({ name, info }: Member): ClusterMember {
  let said: unknown;
  try {
    said = JSON.parse(info);
  } catch {
    return { name };
  }
  const read = memberInfo.safeParse(said);
  return { name, ...(read.success && read.data) };
}
