import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { Sealer } from './sealer.ts';

const [one, other] = [randomBytes(32), randomBytes(32)];

test('what was sealed is opened under the same name only', () => {
  const sealer = new Sealer('edge', [one]);
  const sealed = sealer.seal('acme/account', 'a key, ü');
  expect(sealer.open('acme/account', sealed)).toBe('a key, ü');
  expect(sealer.open('tickets', sealed)).toBeUndefined();
  expect(sealed).not.toContain('key');
});

test('the same text is never sealed alike', () => {
  const sealer = new Sealer('edge', [one]);
  expect(sealer.seal('tickets', 'text')).not.toBe(sealer.seal('tickets', 'text'));
});

test('the first secret seals, and all of them open', () => {
  const [before, between, after] = [new Sealer('e', [one]), new Sealer('e', [other, one]), new Sealer('e', [other])];
  expect(between.open('n', before.seal('n', 'old'))).toBe('old');
  expect(after.open('n', between.seal('n', 'new'))).toBe('new');
  expect(before.open('n', between.seal('n', 'new'))).toBeUndefined();
});

test('another cluster with the same secret opens nothing, and has other keys', () => {
  const [edge, lab] = [new Sealer('edge', [one]), new Sealer('lab', [one])];
  expect(lab.open('n', edge.seal('n', 'text'))).toBeUndefined();
  expect(lab.ownKey).not.toEqual(edge.ownKey);
  expect(edge.ownKey).toEqual(new Sealer('edge', [one]).ownKey);
  expect(edge.nameKey).not.toEqual(edge.ownKey);
});

test('whatever is changed of a sealed value, it is not opened', () => {
  const sealer = new Sealer('edge', [one]);
  const sealed = sealer.seal('n', 'text');
  for (const broken of ['', 'text', sealed.slice(0, -1), sealed.replace('sealed1', 'sealed2'), `${sealed}A`])
    expect(sealer.open('n', broken)).toBeUndefined();
  const [form = '', id = '', encoded = ''] = sealed.split('.');
  const bytes = Buffer.from(encoded, 'base64url');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(sealer.open('n', `${form}.${id}.${changed.toString('base64url')}`)).toBeUndefined();
  }
});
