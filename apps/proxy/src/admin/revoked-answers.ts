import { AdminError, type Questions, type RevokedOne, type RevokedTokens, type WrongLogins } from '@inband/admin';
import type { RevokedHow } from '../revoked/revocations.ts';
import { MOST_REVOKED } from '../revoked/revoked.ts';
import type { AdminOwner } from './owner.ts';

/** The tokens that are revoked. */
export function revokedAnswer({ revocations }: AdminOwner): RevokedTokens {
  const tokens = revocations.all.map(({ name, until, by, at }) => ({ name, until: iso(until), by, at: iso(at) }));
  return { tokens };
}

/** Refuses a token from now on. */
export async function revoke(
  { revocations }: AdminOwner,
  { name, until, by }: Questions['revoke']['argument'],
): Promise<RevokedOne> {
  return answerOf(name, await revocations.revoke({ name, until, by }));
}

/** Takes that back. */
export async function restoreToken(
  { revocations }: AdminOwner,
  { name, by }: Questions['restore-token']['argument'],
): Promise<RevokedOne> {
  const how = await revocations.restore(name, by);
  if (how === undefined) throw new AdminError({ status: 404, title: 'This token is not revoked', detail: name });
  return answerOf(name, how);
}

/** Counts a login that failed. */
export async function countFailedLogin(
  owner: AdminOwner,
  { address }: Questions['wrong-login']['argument'],
): Promise<WrongLogins> {
  return { failures: await owner.countFailedLogin(address) };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function answerOf(name: string, how: RevokedHow): RevokedOne {
  if (how !== 'full') return { name, isShared: how === 'shared' };
  const detail = `There are ${MOST_REVOKED} already. Have the server of tokens use another key, or take tokens out of the configuration.`;
  throw new AdminError({ status: 409, title: 'No more tokens can be revoked', detail });
}
