import { type Static, Type } from 'typebox';

const name = Type.String({
  pattern: '^(sha256:[0-9a-f]{64}|jti:[!-~]{1,128})$',
  description: 'sha256: and the SHA-256 of the token in hexadecimal, or jti: and the id that a JWT says it has.',
  examples: ['jti:3f2b8c1d', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
});

export const ByTokenName = Type.Object({ name });

export const Revoke = Type.Object(
  {
    name,
    until: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When the token expires by itself, at most in 366 days. Default: in 30 days.',
      }),
    ),
  },
  { additionalProperties: false, title: 'Revoke', examples: [{ name: 'jti:3f2b8c1d', until: '2026-12-01T00:00:00Z' }] },
);

const example = { name: 'jti:3f2b8c1d', until: '2026-12-01T00:00:00.000Z', by: 'ops', at: '2026-11-29T12:00:00.000Z' };

export const RevokedToken = Type.Object({
  name,
  until: Type.String({ description: 'Then it is forgotten, because the token has expired.' }),
  by: Type.String({ description: 'Who has revoked it.' }),
  at: Type.String(),
});

export const RevokedTokens = Type.Object(
  { tokens: Type.Array(RevokedToken) },
  { title: 'RevokedTokens', examples: [{ tokens: [example] }] },
);
/** The tokens that are revoked. */
export type RevokedTokens = Static<typeof RevokedTokens>;

export const RevokedOne = Type.Object(
  {
    name,
    isShared: Type.Boolean({
      description:
        'Whether all members of the cluster know. False without a store, and where it is away: then they will know when it is back.',
    }),
  },
  { title: 'RevokedOne', examples: [{ name: 'jti:3f2b8c1d', isShared: true }] },
);
/** What became of it. */
export type RevokedOne = Static<typeof RevokedOne>;
