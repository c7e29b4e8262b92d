import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkOpenSecrets } from './check-open-secrets.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inband-secrets-'));
  for (const [name, mode] of [
    ['open', 0o644],
    ['group', 0o640],
    ['own', 0o600],
  ] as const) {
    writeFileSync(join(folder, name), 'secret');
    chmodSync(join(folder, name), mode);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

function warned(config: Record<string, unknown>): string[] {
  return checkOpenSecrets(config, folder).map(({ path, warning, message }) => {
    expect(warning).toBe(true);
    expect(message).toContain('every user of this machine');
    return path.join('.');
  });
}

const setting = (file: string, message = 'request') => ({
  services: { out: { routes: [{ fields: { [message]: [{ set: { authorization: { file } } }] } }] } },
});

test('a file whose secret is set in requests is warned of if everybody may read it', () => {
  expect(warned(setting('open'))).toEqual(['services.out.routes.0.fields.request.0.set.authorization.file']);
  expect(warned(setting('own'))).toEqual([]);
  expect(warned(setting('group'))).toEqual([]);
});

test('so is that of a password, a token and a key of cookies, wherever they stand', () => {
  for (const key of ['passwordFile', 'tokenFile', 'secretFile']) {
    expect(warned({ chainers: { parents: { type: 'parent', auth: { user: 'ann', [key]: 'open' } } } })).toEqual([
      `chainers.parents.auth.${key}`,
    ]);
  }
});

test('nothing is said of what clients get, of other files, and of one that is not there', () => {
  expect(warned(setting('open', 'response'))).toEqual([]);
  expect(warned({ services: { out: { access: [{ allow: { hosts: { file: 'open' } } }] } } })).toEqual([]);
  expect(warned(setting('missing'))).toEqual([]);
});
