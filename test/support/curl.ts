import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

interface CurlResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs curl without the configuration files of this machine. */
export async function curl(argv: readonly string[], input?: Readable): Promise<CurlResult> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
  const child = spawn('curl', ['--disable', '--silent', '--show-error', '--max-time', '60', ...argv], { env });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const out: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  if (input === undefined) child.stdin.end();
  // curl may end before it has read everything. Its exit status says whether it succeeded.
  else await pipeline(input, child.stdin).catch(() => {});
  const [status] = await closed;
  return { status, stdout: Buffer.concat(out), stderr };
}
