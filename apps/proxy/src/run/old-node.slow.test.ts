import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/', import.meta.url));

test.each(['bin/inband.mjs', 'build/start.mjs'])('%s by an older Node gives one sentence and exit status 1', (file) => {
  // As if this one were old: what it reads before it looks at the version is the same.
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`;
  const preload = `data:text/javascript,${encodeURIComponent(older)}`;
  const end = spawnSync(process.execPath, ['--import', preload, `${bin}../${file}`, '--version'], { encoding: 'utf8' });
  expect(end).toMatchObject({ status: 1, stdout: '' });
  expect(end.stderr).toMatch(/^inband: Node\.js 24 or later is needed, and this is 20\.20\.2 \(\/.*\)\.\n$/);
});

test('what is read before that has no syntax and no import that an older Node lacks', () => {
  const files = readdirSync(bin).filter((name) => name.endsWith('.mjs'));
  expect(files).toContain('inband.mjs');
  for (const name of files) {
    const text = readFileSync(bin + name, 'utf8');
    const imports = Array.from(text.matchAll(/^import .*'(.*)';$/gm), ([, specifier]) => specifier);
    for (const specifier of imports)
      expect(specifier).toMatch(/^(?:\.\/[\w-]+\.mjs|node:(?:fs|fs\/promises|module|path|v8))$/);
    // What modules of an older Node do not have cannot be imported by name.
    expect(text).not.toMatch(/^import \{.*'node:module';$/m);
    // The top level of old modules has no await.
    expect(text).not.toMatch(/^await /m);
  }
});

test('what it asks for is what the packages say', () => {
  const needed = /NEEDED = (\d+)/.exec(readFileSync(`${bin}needed-node.mjs`, 'utf8'))?.[1];
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect(manifest).toContain(`"node": ">=${needed}"`);
});
