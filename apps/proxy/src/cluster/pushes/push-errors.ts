import { AdminError } from '@inband/admin';
import { MISSED_BEATS } from '../missed-beats.ts';
import type { FollowingMember } from './push-decisions.ts';
import type { Candidate, ConfigRecord, Version } from './stored/records.ts';

/** The title of every answer to somebody who was too late. */
const TOO_LATE = 'The configuration of all members has changed';

/** `title`: what is in the way. */
export function conflict(title: string, detail: string): AdminError {
  return new AdminError({ status: 409, title, detail });
}

/** Nothing else is changed while a few members try something. */
export function refuseDuringCanary({ canary }: ConfigRecord): void {
  if (canary === null) return;
  const members = canary.members.slice(0, 5).join(', ');
  const detail = `Version ${canary.number} is a canary on ${members}${canary.members.length > 5 ? ', …' : ''}: promote it (inband push --promote), or end it (inband rollback).`;
  throw conflict('There is a canary', detail);
}

/** The record is another one than the client has seen. */
export function tooLate(record: ConfigRecord): AdminError {
  const latest = record.versions.at(-1);
  const who = latest === undefined ? 'Somebody was first' : `Somebody was first: ${said(latest)}`;
  const detail = `${who}. Nothing has changed by you; look at it (inband versions), and push again.`;
  return new AdminError({ status: 412, title: TOO_LATE, detail });
}

/** Members have said why they cannot run it. */
export function refused(refusals: readonly string[]): AdminError {
  const title = 'A member refuses the configuration; nothing has changed';
  const lines = refusals.flatMap((text) => text.split('\n'));
  return new AdminError({ status: 422, title, detail: lines[0] ?? '', problems: lines });
}

/** `wait`: milliseconds that they had. */
export function unanswered(silent: readonly FollowingMember[], wait: number): AdminError {
  const title = 'A member does not answer; nothing has changed';
  const names = silent.map(({ name }) => name);
  const some = `${silent.slice(0, 10).map(lastHeard).join(', ')}${silent.length > 10 ? `, and ${silent.length - 10} more` : ''}`;
  const detail = `Not within ${wait / 1_000} s: ${some}. One that has died is not waited for any more ${MISSED_BEATS / 1_000} s after its last beat; --wait gives members longer.`;
  return new AdminError({ status: 503, title, detail, problems: names }, 10);
}

function lastHeard({ name, lag }: FollowingMember): string {
  return lag === undefined ? name : `${name} (last beat ${Math.max(0, Math.round(lag / 1_000))} s ago)`;
}

function said({ number, by, at, message }: Version): string {
  return `version ${number} by ${by}, ${at}${message === undefined ? '' : ` (${message})`}`;
}

/** The version to go back to is not there: `to`, or the one before the current. */
export function noVersion({ versions }: ConfigRecord, to: number | undefined): AdminError {
  const kept = `Kept are ${versions.map(({ number }) => number).join(', ')}.`;
  const missing = to === undefined ? 'There is none before the current one.' : `There is no version ${to}.`;
  return notThere(versions.length === 0 ? 'Nothing was pushed yet.' : `${missing} ${kept}`);
}

/** Its content is gone. */
export function noContent({ number }: Version): AdminError {
  return notThere(`The content of version ${number} is not in the store any more.`);
}

function notThere(detail: string): AdminError {
  return new AdminError({ status: 404, title: 'There is no such version', detail });
}

/** `candidate`: what somebody else has members look at, if that is known. */
export function busy(candidate: Candidate | undefined): AdminError {
  const title = 'Somebody else is pushing';
  if (candidate === undefined) return conflict(title, 'Nothing has changed. Try again in a moment.');
  return conflict(title, `${said(candidate.version)}, at ${candidate.member}. Nothing has changed by you.`);
}

/** The lock was lost before all was written. */
export function overtaken(): AdminError {
  const detail = 'This took too long, and somebody else began meanwhile. Nothing has changed.';
  return conflict('Somebody else is pushing', detail);
}

/** `message` is that of the store's error. */
export function storeAway(message: string): AdminError {
  const detail = `${message.replace(/\.$/, '')}. Members keep what they run. If this was a push, "inband versions" shows later whether it was made.`;
  return new AdminError({ status: 503, title: 'The store does not answer', detail, setting: 'store' }, 5);
}
