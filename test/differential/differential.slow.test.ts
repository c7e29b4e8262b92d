import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describeRequiring } from '../support/requires.ts';

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url));
/** Mutations of the short form; `pnpm test:differential` sends 100,000. */
const COUNT = 1000;
const LIMIT = 240_000;

const commands = ['unshare', 'ip', 'bash', 'nginx', 'haproxy', 'squid', 'traffic_server'];

describeRequiring({ commands, pythonModules: ['h11'], networkNamespaces: true }, 'beside four other proxies', () => {
  test(
    'whatever arrives, one message leaves, the one that was understood, and nobody else refuses all of it',
    { timeout: LIMIT },
    async () => {
      const { status, output } = await run(['--short', '--count', String(COUNT)]);
      expect(output).toMatch(/ 0 findings that are not in the list, 0 entries that nothing needs\n$/);
      expect(status).toBe(0);
    },
  );
});

function run(parameters: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [PROGRAM, ...parameters], { timeout: LIMIT }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, output: stderr + stdout }),
    );
  });
}
