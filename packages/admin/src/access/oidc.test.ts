import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createServer } from 'node:http';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AdminError } from '../base/problem.ts';
import { OidcTokens } from './oidc.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let ours: Keys;
let theirs: Keys;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
});

/** An OpenID provider on loopback. `answers` says what is at a path instead of what should be. */
async function startIssuer(answers: Record<string, { status?: number; body: string }> = {}) {
  const asked: string[] = [];
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'one', alg: 'ES256' };
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [jwk] },
    };
    const { status = 200, body } = answers[url] ?? { body: JSON.stringify(documents[url] ?? {}) };
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  return { issuer, asked };
}

function tokensOf(issuer: string, more: Partial<ConstructorParameters<typeof OidcTokens>[0]> = {}): OidcTokens {
  const roles = { watcher: 'read', 'on-call': 'operate', admin: 'change' } as const;
  return new OidcTokens({ issuer, audience: 'inband', claim: 'roles', roles, ...more });
}

interface Signing {
  readonly claims?: JWTPayload;
  readonly issuer: string;
  readonly audience?: string;
  readonly expires?: string | undefined;
  readonly keys?: Keys;
}

function sign({ claims, issuer, audience = 'inband', expires = '5m', keys = ours }: Signing): Promise<string> {
  return new SignJWT({ sub: 'ann', roles: ['watcher'], ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(expires)
    .sign(keys.privateKey);
}

describe('a token of an OpenID provider', () => {
  test('is known by its signature, and the keys are fetched once', async () => {
    const { issuer, asked } = await startIssuer();
    const tokens = tokensOf(issuer);
    for (let count = 0; count < 3; count += 1) {
      expect(await tokens.find(await sign({ issuer }))).toEqual({ name: 'ann', role: 'read' });
    }
    expect(asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  test('needs no discovery where the keys are named', async () => {
    const { issuer, asked } = await startIssuer();
    const tokens = tokensOf(issuer, { jwks: `${issuer}/keys` });
    expect(await tokens.find(await sign({ issuer }))).toMatchObject({ role: 'read' });
    expect(asked).toEqual(['/keys']);
  });

  test.each([
    ['a list, of which the highest counts', 'roles', { roles: ['watcher', 'other', 'on-call'] }, 'operate'],
    ['a text', 'role', { role: 'admin' }, 'change'],
    ['a list within objects', 'realm_access.roles', { realm_access: { roles: ['admin'] } }, 'change'],
  ])('has its role by %s', async (_what, claim, claims, role) => {
    const { issuer } = await startIssuer();
    expect(await tokensOf(issuer, { claim }).find(await sign({ issuer, claims }))).toEqual({ name: 'ann', role });
  });

  test('without one of the roles is refused, and says which claim was looked at', async () => {
    const { issuer } = await startIssuer();
    for (const roles of [[], ['nothing'], 7, undefined, { admin: true }, ['constructor']]) {
      const found = tokensOf(issuer).find(await sign({ issuer, claims: { roles } }));
      await expect(found).rejects.toThrow('The claim "roles" of "ann" has none of the values of admin.oidc.roles.');
    }
  });

  test('of others, for others, or too old is none', async () => {
    const { issuer } = await startIssuer();
    const tokens = tokensOf(issuer);
    const [head, payload, signature] = (await sign({ issuer })).split('.');
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
    const wrong = [
      await sign({ issuer, keys: theirs }),
      await sign({ issuer: 'https://other.example' }),
      await sign({ issuer, audience: 'other' }),
      await sign({ issuer, expires: '-5m' }),
      `${unsigned}.${payload}.`,
      `${unsigned}.${payload}.${signature}`,
      `${head}.${payload}.${'A'.repeat(86)}`,
      'a.b.c',
    ];
    for (const token of wrong) expect(await tokens.find(token), token).toBeTypeOf('string');
  });

  test('signed with the public key as a secret is none', async () => {
    const { issuer } = await startIssuer();
    const secret = Buffer.from(JSON.stringify(await exportJWK(ours.publicKey)));
    const token = await new SignJWT({ sub: 'eve', roles: ['admin'] })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setIssuer(issuer)
      .setAudience('inband')
      .setExpirationTime('5m')
      .sign(secret);
    expect(await tokensOf(issuer).find(token)).toBeTypeOf('string');
  });
});

describe('a provider that cannot be asked', () => {
  const discovery = '/.well-known/openid-configuration';
  test.each([
    ['an error at its discovery document', { [discovery]: { status: 500, body: '{}' } }],
    ['a document of another issuer', { [discovery]: { body: '{"issuer":"https://other.example","jwks_uri":"x"}' } }],
    ['a document without keys', { [discovery]: { body: '{}' } }],
    ['a document that is too large', { [discovery]: { body: ' '.repeat(300_000) } }],
    ['an error at its keys', { '/keys': { status: 503, body: '{}' } }],
    ['keys that are none', { '/keys': { body: '[]' } }],
    ['keys that are no JSON', { '/keys': { body: '<html>' } }],
  ])('is a 503, and no wrong token: %s', async (_what, answers) => {
    const { issuer } = await startIssuer(answers);
    const failed = await tokensOf(issuer)
      .find(await sign({ issuer }))
      .then(
        () => undefined,
        (error: AdminError) => error.problem,
      );
    expect(failed).toMatchObject({ status: 503, setting: 'admin.oidc' });
  });

  test('is a 503 as well if nobody listens there', async () => {
    const failed = tokensOf('http://127.0.0.1:1').find(await sign({ issuer: 'http://127.0.0.1:1' }));
    await expect(failed).rejects.toThrow('The keys of http://127.0.0.1:1 cannot be had');
  });
});
