import { expect, test } from 'vitest';
import { checkAdmin } from './check-admin.ts';

const TOKENS = { ops: { role: 'read', hash: '' } };

/** What is said, by its place. A warning begins with "warning". */
function said(admin: unknown, listeners: unknown = []): string[] {
  return checkAdmin({ admin, listeners }).map(({ path, message, warning }) => {
    return `${warning === true ? 'warning ' : ''}${path.join('.')}: ${message}`;
  });
}

test.each([
  [undefined],
  [{ bind: '127.0.0.1:9901' }],
  [{ bind: '127.8.8.8:9901' }],
  [{ bind: '[::1]:9901', anonymous: 'change' }],
  [{ bind: 'unix:/run/admin.sock', mode: '0660', group: 'ops' }],
  [{ bind: 'unix:@admin' }],
  [{ bind: '0.0.0.0:9901', tokens: TOKENS, tls: {} }],
  [{ bind: ':9901', oidc: {}, tls: {}, anonymous: 'none' }],
])('%j is sound', (admin) => {
  expect(said(admin)).toEqual([]);
});

test.each([['0.0.0.0:9901'], [':9901'], ['192.0.2.1:9901'], ['10.0.0.1:9901'], ['[fe80::1]:9901']])(
  'at %s others reach it, so they have to show a token',
  (bind) => {
    expect(said({ bind, tls: {} })).toEqual([expect.stringMatching(/^admin\.bind: .* "tokens" or "oidc"/)]);
    expect(said({ bind, tls: {}, tokens: {} })).toHaveLength(1);
  },
);

test('others never get a role without a token', () => {
  const admin = { bind: ':9901', tls: {}, tokens: TOKENS };
  expect(said({ ...admin, anonymous: 'read' })).toEqual([
    'admin.anonymous: others than this machine reach this address; everybody has to show a token.',
  ]);
});

test('tokens in the clear are a warning, because TLS may end before it', () => {
  expect(said({ bind: ':9901', tokens: TOKENS })).toEqual([
    expect.stringMatching(/^warning admin\.bind: .* their tokens can be read on the way/),
  ]);
});

test('the address is its own', () => {
  const listeners = [{ bind: '127.0.0.1:1' }, { bind: '127.0.0.1:9901' }];
  expect(said({ bind: '127.0.0.1:9901' }, listeners)).toEqual(['admin.bind: listeners[1] binds this address already.']);
  expect(said({ bind: '127.0.0.1:0' }, [{ bind: '127.0.0.1:0' }])).toEqual([]);
});

test('only a socket in the file system has a mode', () => {
  expect(said({ bind: '127.0.0.1:9901', mode: '0600' })).toEqual([
    'admin.mode: this is no file; "mode" is for "unix:/path".',
  ]);
});
