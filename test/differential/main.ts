/**
 * `pnpm test:differential [--count 100000] [--seed 1] [--only MUTATION] [--short]`: sends the cases and mutations of them to Inband,
 * nginx, HAProxy, Squid and Apache Traffic Server. README.md says what is compared. It runs in a network namespace of its own, and whatever
 * was started in it ends with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('run.ts', import.meta.url));
const inNamespace = ['-n', '--pid', '--fork', '--kill-child', '--mount-proc', '--', 'bash', '-c'];
const script = 'ip link set lo up; exec "$0" "$@"';
const child = spawn('unshare', [...inNamespace, script, process.execPath, PROGRAM, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill('SIGKILL'));
const [status] = (await once(child, 'exit')) as [number | null];
process.exitCode = status ?? 1;
