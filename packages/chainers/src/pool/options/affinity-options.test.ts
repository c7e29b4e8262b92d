import { describe, expect, test } from 'vitest';
import { poolPlugin } from '../pool-chainer.ts';
import { prepareSticky } from './prepare-sticky.ts';

function validate(options: object): { readonly value?: unknown; readonly issues?: readonly { message: string }[] } {
  const outcome = poolPlugin.schema['~standard'].validate({ servers: ['127.0.0.1:80'], ...options });
  if (outcome instanceof Promise) throw new Error('The schema waits.');
  return 'value' in outcome ? { value: outcome.value } : { issues: outcome.issues ?? [] };
}

const messages = (options: object): string[] => (validate(options).issues ?? []).map(({ message }) => message);

test.each(['client', 'host', 'path', 'header.x-user', 'cookie.id', 'query.q'])('%s can be hashed', (hash) => {
  expect(validate({ balance: { hash } })).toMatchObject({ value: { balance: { hash } } });
});

test.each(['user', 'header.x user', 'query.', 7])('%s cannot be hashed', (hash) => {
  expect(messages({ balance: { hash } })).not.toEqual([]);
});

test('one secret is a list of one', () => {
  expect(validate({ sticky: { cookie: 'srv', secret: 'correct horse battery' } })).toMatchObject({
    value: { sticky: { cookie: 'srv', secret: ['correct horse battery'], sameSite: 'lax' } },
  });
  expect(validate({ sticky: { cookie: 'srv' } })).toMatchObject({ value: { sticky: { sameSite: 'lax' } } });
  const secret = ['the secret of February', 'the secret of January'];
  expect(validate({ sticky: { cookie: 'srv', secret } })).toMatchObject({ value: { sticky: { secret } } });
});

test.each([
  [{ cookie: 'a b' }, /name of a cookie/],
  [{ cookie: '' }, /name of a cookie/],
  [{ cookie: '__Host-srv' }, /TLS/],
  [{ cookie: 'srv', secret: 'short' }, /./],
  [{ cookie: 'srv', secret: [] }, /./],
  [{ cookie: 'srv', secret: 'correct horse battery', secretFile: 'a' }, /already/],
  [{}, /./],
])('%j is refused', (sticky, message) => {
  const found = messages({ sticky });
  expect(found.join('\n')).toMatch(message);
  expect(found).not.toEqual([]);
});

describe('the secret of a file', () => {
  const files: Readonly<Record<string, string>> = { good: 'correct horse battery\n', short: 'short\n', empty: '' };
  const context = {
    baseDirectory: '/',
    readText: (path: string) => Promise.resolve(files[path] ?? ''),
    importModule: () => Promise.reject(new Error('Nothing is imported.')),
  };

  test('is read, and says when it is another one', async () => {
    const prepared = await prepareSticky({ cookie: 'srv', secretFile: 'good' }, context);
    expect(prepared.secret).toBe('correct horse battery');
    expect(prepared.identity).not.toContain('battery');
    expect(await prepareSticky({ cookie: 'srv' }, context)).toEqual({});
    expect(await prepareSticky(undefined, context)).toEqual({});
  });

  test.each(['short', 'empty'])('is refused where it is %s', async (secretFile) => {
    await expect(prepareSticky({ cookie: 'srv', secretFile }, context)).rejects.toMatchObject({
      code: 'proxy_configuration_error',
      setting: 'chainer.sticky.secretFile',
    });
  });
});
