import { expect, test } from 'vitest';
import { REDACTED, SecretTexts } from './secret-texts.ts';

function withSecret(...texts: string[]): SecretTexts {
  const secrets = new SecretTexts();
  const holder = secrets.hold();
  for (const text of texts) holder.note(text);
  return secrets;
}

test.each([
  ['Bearer tok-ABC/123"x', 'echoed: Bearer tok-ABC/123"x', `echoed: ${REDACTED}`],
  ['Bearer tok-ABC/123"x', '/?t=tok-ABC/123"x&b', `/?t=${REDACTED}&b`],
  ['Bearer tok-ABC/123"x', '{"a":"tok-ABC/123\\"x"}', `{"a":"${REDACTED}"}`],
  ['Bearer tok-ABC/123"x', '/?t=tok-ABC%2F123%22x', `/?t=${REDACTED}`],
  ['Bearer tok-ABC/123"x', '/?t=tok-ABC%2f123%22x', `/?t=${REDACTED}`],
  ['Bearer tok-ABC-123', 'tok-abc-123.evil.example:443', `${REDACTED}.evil.example:443`],
  [`Basic ${Buffer.from('me:pass word').toString('base64')}`, 'a pass word b', `a ${REDACTED} b`],
  ['a.b.c.d.e.f', 'axbxcxdxexf', 'axbxcxdxexf'],
  ['Bearer short', 'a short text', 'a short text'],
])('with %j, %j is written as %j', (secret, text, expected) => {
  const secrets = withSecret(secret);
  expect(secrets.redact(text)).toBe(expected);
  expect(secrets.redactBytes(Buffer.from(text)).toString()).toBe(expected);
});

test('bytes without a secret are the same, and those around one stay as they are', () => {
  const secrets = withSecret('Bearer 0123456789');
  const bytes = Buffer.from('nothing \u00f6');
  expect(secrets.redactBytes(bytes)).toBe(bytes);
  expect(secrets.redactBytes(Buffer.from('\u00f6 0123456789 \u20ac')).toString()).toBe(`\u00f6 ${REDACTED} \u20ac`);
});

test('a secret that was replaced is still one, until nobody uses it', () => {
  const secrets = new SecretTexts();
  const holder = secrets.hold();
  const other = secrets.hold();
  expect(secrets.isEmpty).toBe(true);
  holder.note('first-secret');
  holder.note('second-secret');
  other.note('first-secret');
  expect(secrets.redact('first-secret second-secret')).toBe(`${REDACTED} ${REDACTED}`);
  holder.close();
  expect(secrets.redact('first-secret second-secret')).toBe(`${REDACTED} second-secret`);
  other.close();
  expect(secrets.isEmpty).toBe(true);
});

test('every text within a value is redacted, and without secrets the value is the same', () => {
  const value = { a: ['x 0123456789'], b: { c: 1, d: undefined, e: null } };
  expect(new SecretTexts().redactAll(value)).toBe(value);
  expect(withSecret('0123456789').redactAll(value)).toEqual({
    a: [`x ${REDACTED}`],
    b: { c: 1, d: undefined, e: null },
  });
});
