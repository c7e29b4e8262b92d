import { Access } from '../src/access/access.ts';
import { hashToken } from '../src/access/token-hash.ts';
import type { AdminApp } from '../src/base/app-types.ts';
import type { AccessOptions } from '../src/base/options.ts';
import { ROLES } from '../src/base/roles.ts';
import type { ProxyState } from '../src/base/state.ts';
import { createApp } from '../src/server/app.ts';
import type { ScriptedState } from './scripted-state.ts';

/** Tokens by the role that they have. */
export const TOKENS = { read: 'token-of-reader', operate: 'token-of-operator', change: 'token-of-changer' } as const;

export const ACCESS: AccessOptions = {
  anonymous: undefined,
  hosts: [],
  tokens: ROLES.map((role) => ({ name: `the ${role} token`, role, hash: hashToken(TOKENS[role]) })),
};

/** What the app of this process asks now. */
let asked: { readonly state: ScriptedState; readonly access: Access } | undefined;
let app: Promise<AdminApp> | undefined;

function now(): NonNullable<typeof asked> {
  if (asked === undefined) throw new Error('No test has asked for the app.');
  return asked;
}

const state: ProxyState = {
  ask: (question, argument) => now().state.ask(question, argument),
  metrics: (accept) => now().state.metrics(accept),
  stats: () => now().state.stats(),
  log: (level, fields, message) => now().state.log(level, fields, message),
};

/**
 * The API over a state, without a socket. There is one app in a process, because the compilers of all its routes take ten times
 * as long as a test: it asks the state and the access that the last call has given.
 */
export function adminApp(of: ScriptedState, access: Partial<AccessOptions> = {}): Promise<AdminApp> {
  asked = { state: of, access: new Access({ ...ACCESS, ...access }, of) };
  app ??= createApp({
    state,
    access: {
      admit: (asking, least) => now().access.admit(asking, least),
      onChange: (listener) => now().access.onChange(listener),
    },
  });
  return app;
}

export function bearer(token: string) {
  return { host: 'localhost', authorization: `Bearer ${token}` };
}
