import { expect, test } from 'vitest';
import { pairsAmong } from './pairs-in-folder.ts';

const pairs = (...names: string[]) => pairsAmong(names).pairs.map(({ certificate, key }) => `${certificate} ${key}`);

test.each([
  [
    'a name for both',
    ['b.crt', 'a.pem', 'a.key', 'b.key', 'c.cer', 'c.key'],
    ['a.pem a.key', 'b.crt b.key', 'c.cer c.key'],
  ],
  ['Kubernetes', ['..data', '..2026_01_01', 'ca.crt', 'tls.crt', 'tls.key'], ['tls.crt tls.key']],
  ['certbot', ['README', 'cert.pem', 'chain.pem', 'fullchain.pem', 'privkey.pem'], ['fullchain.pem privkey.pem']],
  ['mkcert', ['a.example.pem', 'a.example-key.pem'], ['a.example.pem a.example-key.pem']],
])('files are put together as %s has them', (_whose, names, expected) => {
  expect(pairs(...names)).toEqual(expected);
});

test('a certificate without a key may hold it, and a key without a certificate is told', () => {
  expect(pairsAmong(['both.pem', 'notes.txt', 'lost.key', '.hidden.pem'])).toEqual({
    pairs: [],
    alone: ['both.pem'],
    keys: ['lost.key'],
  });
});
