import type { RevokedOne } from '@inband/admin';
import { createHash } from 'node:crypto';
import { REVOKED_NAME } from '../../revoked/revoked.ts';
import { UsageError } from '../usage/usage-error.ts';
import { askRunning } from './ask-running.ts';

/** A token is to be refused before it expires. */
export interface RevokeCommand {
  readonly name: 'revoke';
  readonly config: string | undefined;
  /** What the token is called. Default: the token is read from standard input. */
  readonly token: string | undefined;
  /** When it expires. Default: as a JWT says it itself, else in 30 days. */
  readonly until: string | undefined;
  /** Whether a revocation is to be taken back. */
  readonly undo: boolean;
}

/** Milliseconds. */
const SOON = 10_000;
/** Characters of the longest token. */
const LONGEST = 16_384;
/** Seconds that a clock which looks at a JWT may be behind. */
const TOLERANCE = 60;

/** Has the running program refuse a token, or accept it again. Resolves with the exit status. */
export async function revoke({ config, token, until, undo }: RevokeCommand): Promise<number> {
  const named = token === undefined ? await readToken() : { name: checkedName(token), until: undefined };
  const { name } = named;
  const end = until === undefined ? named.until : checkedTime(until);
  const body = { name, ...(end !== undefined && { until: end }) };
  const path = undo ? `/revoked/${encodeURIComponent(name)}` : '/revoked';
  const request = undo ? ({ method: 'DELETE', path } as const) : ({ method: 'POST', path, body } as const);
  const answer = await askRunning(config, { ...request, timeout: SOON });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  const { isShared } = answer.body as RevokedOne;
  const where = isShared ? 'in all members of the cluster' : 'here';
  process.stdout.write(`${name}: ${undo ? 'no longer revoked' : 'revoked'} ${where}\n`);
  return 0;
}

function checkedName(name: string): string {
  if (REVOKED_NAME.test(name)) return name;
  throw new UsageError(
    'revoke takes jti: and the id of a token, or sha256: and its hash. A token itself comes on standard input, because the command line is seen by others.',
  );
}

function checkedTime(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new UsageError(`--until is a time such as 2026-12-24T18:00Z, found ${JSON.stringify(text)}.`);
  return new Date(time).toISOString();
}

/** Its hash, and when it expires: the token itself is told nobody. */
async function readToken(): Promise<{ readonly name: string; readonly until: string | undefined }> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > LONGEST) throw new UsageError(`a token has at most ${LONGEST} characters.`);
  }
  const token = text.trim();
  if (token === '' || /\s/u.test(token)) throw new UsageError('revoke needs a token on standard input, or its name.');
  return { name: `sha256:${createHash('sha256').update(token).digest('hex')}`, until: endOf(token) };
}

/** When a JWT expires, as it says. */
function endOf(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { exp }: Record<string, unknown> = Object(claims);
    return typeof exp === 'number' ? new Date((exp + TOLERANCE) * 1_000).toISOString() : undefined;
  } catch {
    return undefined;
  }
}
