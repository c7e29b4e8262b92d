import { describe, expect, test, vi } from 'vitest';
import { ACCESS, TOKENS } from '../../test-support/admin-app.ts';
import { ScriptedState } from '../../test-support/scripted-state.ts';
import type { AccessOptions } from '../base/options.ts';
import { type AdminError } from '../base/problem.ts';
import { Access, type Asking } from './access.ts';
import { hashToken, newToken } from './token-hash.ts';

const state = new ScriptedState();
const access = (options: Partial<AccessOptions> = {}) => new Access({ ...ACCESS, ...options }, state);
const asking = (authorization?: string, more: Partial<Asking> = {}): Asking => ({
  host: 'localhost:9901',
  origin: undefined,
  address: '192.0.2.1',
  authorization,
  ...more,
});
const bearer = (token: string) => asking(`Bearer ${token}`);

/** The status and the setting of the problem. */
async function problemOf(admitted: Promise<unknown>): Promise<[number, string | undefined]> {
  const error = await admitted.then(
    () => undefined,
    (thrown: AdminError) => thrown,
  );
  return [error?.problem.status ?? 0, error?.problem.setting];
}

describe('roles', () => {
  test.each([
    ['read', 'read', true],
    ['read', 'operate', false],
    ['read', 'change', false],
    ['operate', 'read', true],
    ['operate', 'operate', true],
    ['operate', 'change', false],
    ['change', 'read', true],
    ['change', 'operate', true],
    ['change', 'change', true],
  ] as const)('who has the role %s and needs %s: %s', async (role, needed, isEnough) => {
    const admitted = access().admit(bearer(TOKENS[role]), needed);
    if (isEnough) expect(await admitted).toEqual({ name: `the ${role} token`, role });
    else expect(await problemOf(admitted)).toEqual([403, 'admin.tokens']);
  });

  test('what needs none is for everybody, whatever they send', async () => {
    expect(await access().admit(asking(), 'none')).toBeUndefined();
    expect(await access().admit(bearer('wrong'), 'none')).toBeUndefined();
  });

  test('without a token it is that of anonymous, or nothing', async () => {
    expect(await access({ anonymous: 'read' }).admit(asking(), 'read')).toMatchObject({ role: 'read' });
    expect(await problemOf(access({ anonymous: 'read' }).admit(asking(), 'operate'))).toEqual([403, 'admin.anonymous']);
    expect(await problemOf(access().admit(asking(), 'read'))).toEqual([401, 'admin.tokens']);
  });

  test('a wrong token is refused also where none is needed', async () => {
    expect(await problemOf(access({ anonymous: 'change' }).admit(bearer('wrong'), 'read'))).toEqual([
      401,
      'admin.tokens',
    ]);
  });
});

describe('tokens', () => {
  test('a new one is long, and is known by its hash', async () => {
    const token = newToken();
    expect(token).toMatch(/^inband_[\w-]{43}$/);
    const tokens = [{ name: 'new', role: 'read', hash: hashToken(token) }] as const;
    expect(await access({ tokens }).admit(bearer(token), 'read')).toEqual({ name: 'new', role: 'read' });
  });

  test.each([
    ['Basic dXNlcjpwYXNz'],
    ['Bearer'],
    ['Bearer '],
    [`Bearer ${TOKENS.read} x`],
    [`Bearer ${TOKENS.read.slice(0, -1)}`],
    [`Bearer ${TOKENS.read}x`],
    [`Bearer ${hashToken(TOKENS.read)}`],
    [TOKENS.read],
  ])('%j is none', async (authorization) => {
    expect(await problemOf(access().admit(asking(authorization), 'read'))).toEqual([401, 'admin.tokens']);
  });

  test('after a change only the new ones count', async () => {
    const changing = access();
    changing.configure({ ...ACCESS, tokens: [{ name: 'new', role: 'change', hash: hashToken('new') }] });
    expect(await problemOf(changing.admit(bearer(TOKENS.read), 'read'))).toEqual([401, 'admin.tokens']);
    expect(await changing.admit(bearer('new'), 'change')).toMatchObject({ name: 'new' });
  });
});

test('who fails ten times in a minute has to wait, but not who has a token, or comes from elsewhere', async () => {
  const limited = access();
  state.lines.length = 0;
  for (let count = 0; count < 10; count += 1) {
    expect(await problemOf(limited.admit(bearer('wrong'), 'read'))).toEqual([401, 'admin.tokens']);
  }
  expect(await problemOf(limited.admit(bearer('wrong'), 'read'))).toEqual([429, undefined]);
  expect(state.lines).toHaveLength(10);
  expect(state.lines[0]).toMatchObject({ level: 'warn', fields: { client: '192.0.2.1' } });
  expect(JSON.stringify(state.lines)).not.toContain('wrong');
  expect(await limited.admit(bearer(TOKENS.read), 'read')).toMatchObject({ role: 'read' });
  const elsewhere = { ...bearer('wrong'), address: '192.0.2.2' };
  expect(await problemOf(limited.admit(elsewhere, 'read'))).toEqual([401, 'admin.tokens']);
});

test('a monitor that names no host, as with HTTP/1.0, gets what is for everybody and nothing else', async () => {
  const nameless = asking(`Bearer ${TOKENS.read}`, { host: undefined });
  expect(await access().admit(nameless, 'none')).toBeUndefined();
  expect(await problemOf(access().admit(nameless, 'read'))).toEqual([403, 'admin.hosts']);
});

describe('a token that was revoked', () => {
  test('is refused from then on, until that is taken back', async () => {
    const one = access();
    const listener = vi.fn<() => void>();
    one.onChange(listener);
    one.revoke([hashToken(TOKENS.operate)]);
    expect(listener).toHaveBeenCalledOnce();
    expect(await problemOf(one.admit(bearer(TOKENS.operate), 'read'))).toEqual([401, 'admin.tokens']);
    expect(await one.admit(bearer(TOKENS.read), 'read')).toMatchObject({ role: 'read' });
    one.revoke([]);
    expect(await one.admit(bearer(TOKENS.operate), 'operate')).toMatchObject({ role: 'operate' });
  });
});

test('an address that has failed at other members has to wait here as well', async () => {
  const elsewhere = new ScriptedState({ 'wrong-login': { failures: 10 } });
  const one = new Access(ACCESS, elsewhere);
  expect(await problemOf(one.admit(bearer('wrong'), 'read'))).toEqual([401, 'admin.tokens']);
  await vi.waitFor(async () => expect((await problemOf(one.admit(bearer('wrong'), 'read')))[0]).toBe(429));
  expect(elsewhere.asked[0]).toEqual({ question: 'wrong-login', argument: { address: '192.0.2.1' } });
  expect(await one.admit(bearer(TOKENS.read), 'read')).toMatchObject({ role: 'read' });
});
