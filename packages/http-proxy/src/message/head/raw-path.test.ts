import { ProxyError } from '@inband/core';
import { expect, test } from 'vitest';
import { checkRawPath } from './raw-path.ts';

function check(bytes: Buffer): boolean {
  const whole = Buffer.concat([Buffer.from('x/'), bytes, Buffer.from('\r\n')]);
  try {
    checkRawPath(whole, 1, whole.length - 2);
    return true;
  } catch (error) {
    if (error instanceof ProxyError && error.status === 400) return false;
    throw error;
  }
}

test('text of any language in UTF-8 passes, and bytes that are no UTF-8', () => {
  for (const text of ['tö', 'Привет', 'č', 'Ċ', 'čč', '上海', '不', '上上', '日本語', '😀', '嘊', 'é/č/Ċ', 'č.Ċ'])
    expect(check(Buffer.from(text)), text).toBe(true);
  for (const bytes of ['\xf6', '\xff\xfe', '\xe4\xb8', '\xb2\xe2\xca\xd4', '\x8d\x8a', '\xe0', '\xc0', '\xf0'])
    expect(check(Buffer.from(bytes, 'latin1')), JSON.stringify(bytes)).toBe(true);
});

test('overlong UTF-8 is refused', () => {
  for (const bytes of ['\xc0\xaf', '\xc0\xae\xc0\xae', '\xc1\x9c', '\xe0\x80\xaf', '\xf0\x80\x80\xaf', 'a\xe0\x9f\xbf'])
    expect(check(Buffer.from(bytes, 'latin1')), JSON.stringify(bytes)).toBe(false);
});

test('two characters that are CR and LF when they are cut to a byte are refused', () => {
  for (const text of ['čĊ', 'x/čĊ', '嘊嘍', '嘍嘊', 'č嘊', 'Ċ嘍', '\u{1f60d}\u{1f60a}'])
    expect(check(Buffer.from(text)), text).toBe(false);
});

test('what stands in the query is not the path', () => {
  for (const bytes of ['?\xc0\xaf', 'a?\xc4\x8d\xc4\x8a']) expect(check(Buffer.from(bytes, 'latin1'))).toBe(true);
});
