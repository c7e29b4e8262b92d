import type { MemberVersion, PushedConfig, VersionLine } from '@inband/admin';
import { safeLines, safeSentence } from '../../lines/values/safe-text.ts';

/** A version of the configuration of all members. Whoever pushed it wrote its message, and not for a terminal. */
export function versionLine(
  { number, by, at, message, again }: VersionLine,
  { current, canary }: Pick<PushedConfig, 'current' | 'canary'>,
): string {
  const isCanary = canary?.number === number;
  const state = number === current ? '  current' : isCanary ? `  canary on ${canary.members.join(', ')}` : '';
  const content = again === undefined ? '' : `  as ${again}`;
  return safeSentence(`${number}  ${at}  ${by}${content}${state}${message === undefined ? '' : `  ${message}`}`);
}

/** What a member runs. Its error may have several lines. */
export function memberLine({ name: written, running, wanted, error, follows }: MemberVersion): string {
  const name = safeSentence(written);
  if (!follows) return `${name}: takes no pushed configuration`;
  const runs = `${name}: ${running === null ? 'its own file' : `version ${running}`}`;
  const wants = wanted === undefined ? '' : `, and not ${wanted === null ? 'its own file' : `version ${wanted}`}`;
  return `${runs}${wants}${error === undefined ? '' : `: ${safeLines(error)}`}`;
}
