import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import {
  claims,
  fieldId,
  knownNameAt,
  lengthOfKnown,
  marksOfKnown,
  marksOfName,
  knownNames,
  Treat,
  treatmentOf,
  treatmentOfLookalike,
} from './field-names.ts';

const view = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

describe('a known name', () => {
  const long = knownNames.filter((name) => name.length >= 4);

  test.each(long)('%s is found by its words, in any case', (name) => {
    for (const text of [name, name.toUpperCase(), name.replace(/^./, (first) => first.toUpperCase())]) {
      const bytes = Buffer.from(`..${text}: x\r\n`, 'latin1');
      const known = knownNameAt(view(bytes), 2, bytes.length);
      expect([lengthOfKnown(known), marksOfKnown(known)]).toEqual([
        name.length,
        marksOfName(bytes, 2, 2 + name.length),
      ]);
      expect(known & 0xff).toBe(fieldId(bytes, 2, 2 + name.length));
    }
  });

  test('is never found where there is another one, however alike', () => {
    const changed = fc
      .record({ name: fc.constantFrom(...long), at: fc.nat(60), byte: fc.nat(255) })
      .map(({ name, at, byte }) => {
        const bytes = Buffer.from(`${name}: x\r\n`, 'latin1');
        bytes[at % name.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(changed, (bytes) => {
        const known = knownNameAt(view(bytes), 0, bytes.length);
        if (known === 0) return;
        const text = bytes.toString('latin1', 0, lengthOfKnown(known));
        expect(long).toContain(text.toLowerCase());
        expect(text).toMatch(/^[A-Za-z0-9-]+$/);
      }),
      { numRuns: runs(5000) },
    );
  });

  test('is not found before its colon has come', () => {
    const bytes = Buffer.from('Content-Length: 1\r\n', 'latin1');
    for (let stop = 0; stop <= 14; stop += 1) expect(knownNameAt(view(bytes), 0, stop)).toBe(0);
  });
});

test('what claims something about the client is dropped where the proxy says it, and neither nominated nor disguised', () => {
  const named =
    'X-Forwarded-For X-Forwarded-Ssl X-Forwarded-Scheme X-Forwarded Client-IP X-Original-URL X-Rewrite-URL X-Real-IP True-Client-IP CF-Connecting-IP X-Cluster-Client-IP X-Forwarded-Server X-Forwarded-By X-Forwarded-Prefix X-Forwarded-Path X-Forwarded-Uri X-Forwarded-Method X-Original-Host Forwarded';
  for (const name of named.toLowerCase().split(' ')) expect(claims).toContain(name);
  for (const name of claims) {
    const bytes = Buffer.from(name.toUpperCase());
    const treatment = treatmentOf(fieldId(bytes, 0, bytes.length));
    const expected = Treat.clientIdentity | Treat.notNominated | Treat.guarded | Treat.notInTrailer;
    expect(treatment, name).toBe(expected);
    const disguised = Buffer.from(name.replaceAll('-', '_'));
    expect(treatmentOfLookalike(disguised, 0, disguised.length), name).toBe(expected);
  }
  expect(claims).not.toContain('x-http-method-override');
  expect(new Set(claims).size).toBe(claims.length);
});

test('the documentation lists every claim', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8').toLowerCase();
  expect(claims.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
