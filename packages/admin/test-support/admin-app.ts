import { Access } from '../src/access/access.ts';
import { hashToken } from '../src/access/token-hash.ts';
import type { AccessOptions } from '../src/base/options.ts';
import { ROLES } from '../src/base/roles.ts';
import { createApp } from '../src/server/app.ts';
import type { ScriptedState } from './scripted-state.ts';

/** Tokens by the role that they have. */
export const TOKENS = { read: 'token-of-reader', operate: 'token-of-operator', change: 'token-of-changer' } as const;

export const ACCESS: AccessOptions = {
  anonymous: undefined,
  hosts: [],
  tokens: ROLES.map((role) => ({ name: `the ${role} token`, role, hash: hashToken(TOKENS[role]) })),
};

/** The API over a state, without a socket. */
export function adminApp(state: ScriptedState, access: Partial<AccessOptions> = {}) {
  return createApp({ state, access: new Access({ ...ACCESS, ...access }, state) });
}

export function bearer(token: string) {
  return { host: 'localhost', authorization: `Bearer ${token}` };
}
