import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';
import { isLeftOut, loadCases } from './cases.ts';
import type { Result } from './run-case.ts';
import { onSockets } from './variants.ts';

const PROGRAM = fileURLToPath(new URL('run-on-sockets.ts', import.meta.url));
/** Milliseconds for all cases together. */
const LIMIT = 180_000;

describeRequiring({ commands: ['unshare', 'ip', 'bash'], networkNamespaces: true }, 'over sockets', () => {
  let results: Record<string, Record<string, Result>> = {};

  beforeAll(async () => {
    const script = 'ip link set lo up; exec "$0" "$1"';
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['-n', '--', 'bash', '-c', script, process.execPath, PROGRAM],
      {
        maxBuffer: 64 * 1024 * 1024,
        timeout: LIMIT,
        env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
      },
    );
    results = JSON.parse(stdout) as typeof results;
  }, LIMIT);

  for (const oneCase of loadCases().filter((each) => !isLeftOut(each))) {
    const { id, note } = oneCase;
    test(note === '' ? id : `${id}: ${note}`, () => {
      const failures = Object.entries(results[id] ?? {}).filter(([, { ok }]) => !ok);
      expect(failures.map(([variant, { why }]) => `${variant}: ${why}`).join('\n')).toBe('');
      expect(Object.keys(results[id] ?? {})).toEqual(onSockets(oneCase).map(({ name }) => name));
    });
  }
});
