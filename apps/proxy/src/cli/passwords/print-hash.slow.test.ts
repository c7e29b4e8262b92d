import { readUsers } from '@inband/auth';
import { expect, test } from 'vitest';
import { startProgram } from '../../../test-support/program.ts';

test('hash prints one line that a configuration takes, of the first line of standard input', async () => {
  const { status, stdout, stderr } = await startProgram(['hash'], undefined, {}, 'open sesame\nrest').ended;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$[^$\n]{22}\$[^$\n]{43}\n$/);
  expect(readUsers({ ann: stdout.trim() }).problems).toEqual([]);
});

test('hash without a password says so, and ends with 1', async () => {
  const { status, stdout, stderr } = await startProgram(['hash', '--scheme', 'scrypt'], undefined, {}, '').ended;
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'inband: hash needs a password on standard input.\n',
  });
});
