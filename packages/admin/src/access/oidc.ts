import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Identity } from '../base/identity.ts';
import type { OidcOptions } from '../base/options.ts';
import { AdminError } from '../base/problem.ts';
import { type Role, ROLES } from '../base/roles.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { REVOKED } from './token-hash.ts';

/** Signatures that need no secret here. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Seconds that the clocks of both may differ. */
const CLOCK_TOLERANCE = 30;
/** Milliseconds between two attempts to find the keys. */
const RETRY = 5_000;

/** The JWTs of an OpenID provider. Its keys are fetched when the first token comes, and kept. */
export class OidcTokens {
  readonly #options: OidcOptions;
  #keys: Promise<JWTVerifyGetKey> | undefined = undefined;
  #retryAt = 0;

  constructor(options: OidcOptions) {
    this.#options = options;
  }

  /**
   * Resolves with who has the token, or with the reason why it is of no use. Rejects with an `AdminError` if the provider cannot be
   * asked, and if whoever has the token has no role here.
   */
  async find(token: string, isRevoked: (id: string) => boolean = () => false): Promise<Identity | string> {
    const { issuer, audience } = this.#options;
    let payload: JWTPayload;
    try {
      const how = {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE,
        requiredClaims: ['exp'],
      };
      ({ payload } = await jwtVerify(token, await this.#keysOfIssuer(), how));
    } catch (error) {
      if (isOfToken(error)) return error.message;
      throw unreachable(issuer, error);
    }
    if (payload.jti !== undefined && isRevoked(payload.jti)) return REVOKED;
    return this.#identityOf(payload);
  }

  #keysOfIssuer(): Promise<JWTVerifyGetKey> {
    if (this.#keys !== undefined) return this.#keys;
    if (performance.now() < this.#retryAt) return Promise.reject(new Error('it failed a moment ago'));
    this.#retryAt = performance.now() + RETRY;
    const keys = keysOf(this.#options);
    this.#keys = keys;
    keys.catch(() => (this.#keys = undefined));
    return keys;
  }

  #identityOf(payload: JWTPayload): Identity {
    const { claim, roles } = this.#options;
    const name = [payload.preferred_username, payload.email, payload.sub].find((value) => typeof value === 'string');
    const values = valuesAt(payload, claim.split('.'));
    const role = highest(values.flatMap((value) => (Object.hasOwn(roles, value) ? [roles[value]] : [])));
    if (role !== undefined) return { name: name ?? 'somebody without a name', role };
    throw new AdminError({
      status: 403,
      title: 'This needs another role',
      detail: `The claim "${claim}" of ${JSON.stringify(name ?? '')} has none of the values of admin.oidc.roles.`,
      setting: 'admin.oidc.roles',
    });
  }
}

async function keysOf({ issuer, jwks }: OidcOptions): Promise<JWTVerifyGetKey> {
  const url = jwks ?? (await discoveredKeys(issuer));
  return createRemoteJWKSet(new URL(url), { [customFetch]: (from) => boundedFetch(from) });
}

/** The address of the keys in the discovery document of the issuer. */
async function discoveredKeys(issuer: string): Promise<string> {
  const response = await boundedFetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const document: unknown = await response.json();
  const { issuer: said, jwks_uri: jwks }: Record<string, unknown> = Object(document);
  if (said !== issuer) throw new Error(`its discovery document is that of ${JSON.stringify(said)}`);
  if (typeof jwks !== 'string') throw new Error('its discovery document has no "jwks_uri"');
  return jwks;
}

/** Whether the token is at fault, and not whoever should have the keys. */
function isOfToken(error: unknown): error is Error {
  const isOfKeys = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  // The class itself is thrown for responses that are no set of keys.
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError && !isOfKeys;
}

function unreachable(issuer: string, error: unknown): AdminError {
  const why = error instanceof Error ? error.message : String(error);
  const detail = `The keys of ${issuer} cannot be had: ${why}.`;
  return new AdminError({ status: 503, title: 'The OpenID provider cannot be asked', detail, setting: 'admin.oidc' });
}

/** The texts at a path of claims. */
function valuesAt(claims: unknown, [key, ...rest]: readonly string[]): string[] {
  if (key === undefined) return [claims].flat().filter((value) => typeof value === 'string');
  const isObject = typeof claims === 'object' && claims !== null;
  return isObject && Object.hasOwn(claims, key) ? valuesAt(Reflect.get(claims, key), rest) : [];
}

function highest(roles: readonly (Role | undefined)[]): Role | undefined {
  return ROLES.findLast((role) => roles.includes(role));
}
