import { hash, randomBytes } from 'node:crypto';
import type { Challenge } from './challenges.ts';

/** A challenge of Digest that can be answered (RFC 7616 section 3.3). Its texts have a character for each byte that came. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** As the server writes it; undefined where it does not, which means MD5. */
  readonly algorithm: string | undefined;
  /** Undefined for servers of RFC 2069. */
  readonly qop: 'auth' | undefined;
  /** The nonce of the request was good once, so that the password may be right. */
  readonly isStale: boolean;
}

/** The better ones first. */
const HASHES: readonly (readonly [name: string, algorithm: string])[] = [
  ['sha-256', 'sha256'],
  ['md5', 'md5'],
];

const SESSION = '-sess';

/** The best of the challenges that can be answered. */
export function digestAmong(challenges: readonly Challenge[]): DigestChallenge | undefined {
  const all = challenges.filter(({ scheme }) => scheme === 'digest').flatMap((challenge) => usable(challenge) ?? []);
  return HASHES.flatMap(([name]) => all.filter((challenge) => baseOf(challenge) === name))[0];
}

function usable({ parameters }: Challenge): DigestChallenge | undefined {
  const nonce = parameters.get('nonce');
  const offered = parameters.get('qop');
  const knows =
    offered === undefined ||
    offered
      .toLowerCase()
      .split(/[\s,]+/)
      .includes('auth');
  if (nonce === undefined || !knows) return undefined;
  return {
    nonce,
    realm: parameters.get('realm') ?? '',
    opaque: parameters.get('opaque'),
    algorithm: parameters.get('algorithm'),
    qop: offered === undefined ? undefined : 'auth',
    isStale: parameters.get('stale')?.toLowerCase() === 'true',
  };
}

function baseOf({ algorithm = 'MD5' }: DigestChallenge): string {
  const name = algorithm.toLowerCase();
  return name.endsWith(SESSION) ? name.slice(0, -SESSION.length) : name;
}

/** What is signed. */
export interface DigestRequest {
  readonly user: string;
  readonly password: string;
  readonly method: string;
  /** The request target, as it is written. */
  readonly uri: string;
  /** How often the nonce was used, this time included. */
  readonly count: number;
}

/** The value of the field that answers a challenge (RFC 7616 section 3.4). `cnonce` is random unless a test says so. */
export function digestResponse(
  challenge: DigestChallenge,
  { user, password, method, uri, count }: DigestRequest,
  cnonce: string = randomBytes(18).toString('base64url'),
): string {
  const { realm, nonce, opaque, algorithm, qop } = challenge;
  const digest = (...parts: readonly string[]): string =>
    hash(hashOf(challenge), Buffer.from(parts.join(':'), 'latin1'));
  const name = bytesOf(user);
  const secret = digest(name, realm, bytesOf(password));
  const key = algorithm?.toLowerCase().endsWith(SESSION) === true ? digest(secret, nonce, cnonce) : secret;
  const request = digest(method, uri);
  const times = count.toString(16).padStart(8, '0');
  const response = qop === undefined ? digest(key, nonce, request) : digest(key, nonce, times, cnonce, qop, request);
  const parameters = [
    `username=${quoted(name)}`,
    `realm=${quoted(realm)}`,
    `uri=${quoted(uri)}`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    `nonce=${quoted(nonce)}`,
    ...(qop === undefined ? [] : [`nc=${times}`, `cnonce=${quoted(cnonce)}`, `qop=${qop}`]),
    `response="${response}"`,
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
  ];
  return `Digest ${parameters.join(', ')}`;
}

function hashOf(challenge: DigestChallenge): string {
  const name = baseOf(challenge);
  return HASHES.find(([known]) => known === name)?.[1] ?? 'md5';
}

/** In UTF-8, a character for each byte, as what came from the parent is. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function quoted(bytes: string): string {
  return `"${bytes.replaceAll(/["\\]/g, '\\$&')}"`;
}
