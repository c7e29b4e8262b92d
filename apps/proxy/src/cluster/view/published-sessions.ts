import { MOST_VALUE_BYTES } from '@inband/store';
import * as z from 'zod';
import { instant } from '../stored-numbers.ts';

/** A session as a member tells it; see `SessionLine`. */
const session = z.object({
  id: z.string(),
  worker: z.number(),
  kind: z.enum(['request', 'tunnel', 'upgrade']),
  service: z.string(),
  route: z.string(),
  client: z.string(),
  method: z.string(),
  target: z.string(),
  state: z.string(),
  server: z.string(),
  startedAt: z.string(),
  seconds: z.number(),
  requestBytes: z.number(),
  responseBytes: z.number(),
});

const published = z.object({
  /** As of `Date.now` there. */
  at: instant,
  /** How many there are; more than are told, perhaps. */
  total: z.number(),
  sessions: z.array(session),
});
/** What a member tells of its sessions. */
export type Published = z.infer<typeof published>;
export type PublishedSession = Published['sessions'][number];

/** Somebody looks at the sessions of all members while this is there. */
export const LOOKING = 'view';
/** Milliseconds for which it is there after the last look, and so is what members tell. */
export const LOOKED_FOR = 30_000;
/** Milliseconds between two times that a member tells its sessions, and between two looks that are told. */
export const TOLD_EVERY = 10_000;
/** Of all members together, so that whoever reads them has as much to read however many members there are. */
const MOST_OF_ALL = 2_000;
const MOST_OF_ONE = 200;
const LEAST_OF_ONE = 10;
/** Characters of a target: a client makes it as long as it likes, and must not hide other sessions by that. */
const MOST_TARGET = 1_000;
/** Bytes of all sessions that are told, which sealing makes longer by a third. */
const MOST_BYTES = MOST_VALUE_BYTES / 2;

/** How many sessions one of so many members tells. */
export function shareOf(members: number): number {
  return Math.min(MOST_OF_ONE, Math.max(LEAST_OF_ONE, Math.ceil(MOST_OF_ALL / Math.max(members, 1))));
}

/** Of these, as many as a store takes as one value. Long targets are cut. */
export function thatFit(sessions: readonly PublishedSession[]): PublishedSession[] {
  let room = MOST_BYTES;
  const cut = sessions.map((line) => ({ ...line, target: cutTarget(line.target) }));
  return cut.filter((line) => (room -= Buffer.byteLength(JSON.stringify(line)) + 1) >= 0);
}

function cutTarget(target: string): string {
  return target.length <= MOST_TARGET ? target : `${target.slice(0, MOST_TARGET)}…`;
}

/** Under which key a member tells its sessions. */
export function sessionsKey(member: string): string {
  return `sessions/${member}`;
}

/** How what members tell is kept from whoever reads the store. */
export interface Sealing {
  seal(name: string, text: string): string;
  /** Undefined for what was not sealed by this cluster. */
  open(name: string, sealed: string): string | undefined;
}

/** Undefined for what is none. */
export function readPublished(key: string, value: string, sealing: Sealing | undefined): Published | undefined {
  const text = sealing === undefined ? value : sealing.open(key, value);
  if (text === undefined) return undefined;
  try {
    return published.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
