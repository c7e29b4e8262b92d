import {
  AdminError,
  type AskedBy,
  type IfMatch,
  type MemberVersion,
  type PromoteBody,
  type PushBody,
  type Pushed as PushedAnswer,
  type PushedConfig,
  type RollbackBody,
  type VersionContent,
  type VersionLine,
} from '@inband/admin';
import type { Pushed } from '../cluster/pushes/agreed-changes.ts';
import type { FollowingMember } from '../cluster/pushes/push-decisions.ts';
import { Pusher, type PusherDeps } from '../cluster/pushes/pusher.ts';
import type { ConfigRecord, Version } from '../cluster/pushes/stored/records.ts';
import { NO_RECORD, versionIn } from '../cluster/pushes/stored/versions.ts';
import type { AdminOwner } from './owner.ts';

/** Milliseconds in which every member has to answer, if nothing is said. */
const WAIT = 5_000;

/** The versions, and who runs which. As this member knows it, while the store is away. */
export async function pushedConfig(owner: AdminOwner): Promise<PushedConfig> {
  const { follower, members, member } = pushingOf(owner);
  const living = await members().catch((): FollowingMember[] => [{ name: member, config: follower.info }]);
  const { record = NO_RECORD, isKnown, stale } = follower;
  return { ...shown(record, living), isKnown, stale: Math.round(stale * 10) / 10 };
}

export async function pushedVersion(
  owner: AdminOwner,
  { number }: { readonly number: number },
): Promise<VersionContent> {
  const { follower } = pushingOf(owner);
  const version = versionIn(follower.record ?? NO_RECORD, number);
  if (version === undefined) throw noVersion(`Version ${number} is not kept; see /cluster/config.`);
  const { main, texts, folders } = await follower.filesOf(version).catch((error: unknown) => {
    throw noVersion(error instanceof Error ? error.message : String(error));
  });
  return {
    number,
    main: [...main],
    texts,
    folders: Object.fromEntries(Object.entries(folders).map(([path, names]) => [path, [...names]])),
  };
}

export async function push(
  owner: AdminOwner,
  { main, texts, folders, message, canary, wait = WAIT, by, ifMatch }: PushBody & IfMatch & AskedBy,
): Promise<PushedAnswer> {
  const files = { main, texts, folders };
  const pushed = await new Pusher(pushingOf(owner)).push(files, { canary, message, wait, by, ifMatch });
  return answerOf(pushed);
}

export async function promote(
  owner: AdminOwner,
  { wait = WAIT, ...options }: PromoteBody & IfMatch & AskedBy,
): Promise<PushedAnswer> {
  return answerOf(await new Pusher(pushingOf(owner)).promote({ ...options, wait }));
}

export async function rollback(
  owner: AdminOwner,
  { wait = WAIT, ...options }: RollbackBody & IfMatch & AskedBy,
): Promise<PushedAnswer> {
  return answerOf(await new Pusher(pushingOf(owner)).rollback({ ...options, wait }));
}

function pushingOf({ pushes }: AdminOwner): PusherDeps {
  if (pushes === undefined) {
    const detail =
      'There is no "store" in the configuration of this member that others could share, or a program embeds it.';
    throw new AdminError({ status: 409, title: 'This is no member of a cluster', detail, setting: 'store' });
  }
  const { pushing } = pushes;
  if (pushing === undefined) throw new AdminError({ status: 503, title: 'The proxy is starting' });
  return pushing;
}

function answerOf({ record, version, members, left, unheard }: Pushed): PushedAnswer {
  return { ...shown(record, members), version: version?.number ?? null, left: [...left], unheard: [...unheard] };
}

function shown({ change, current, canary, versions }: ConfigRecord, members: readonly FollowingMember[]) {
  return {
    etag: `"${change}"`,
    current,
    canary,
    versions: versions.map(versionLine),
    members: members.map(memberVersion).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function versionLine({ number, id, by, at, message, again }: Version): VersionLine {
  return { number, id, by, at, ...(message !== undefined && { message }), ...(again !== undefined && { again }) };
}

function memberVersion({ name, config }: FollowingMember): MemberVersion {
  const { running = null, wanted, error } = config ?? {};
  const follows = config !== undefined;
  return { name, running, follows, ...(wanted !== undefined && { wanted }), ...(error !== undefined && { error }) };
}

function noVersion(detail: string): AdminError {
  return new AdminError({ status: 404, title: 'There is no such version', detail });
}
