import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openClient } from '../../test-support/keep-alive.ts';
import { type Program, type ProgramEnd, startProgram } from '../../test-support/program.ts';

/**
 * What the program does with `debug` in its environment, and one request to it. It is ended when standard error has `last`, because
 * a worker may hear of that before it hears that the client has gone.
 */
async function runWith(debug: string, workers: number, last = /^/): Promise<ProgramEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-debug-'));
  const origin = createServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const found = origin.address();
  const port = typeof found === 'object' ? found?.port : undefined;
  try {
    const file = join(folder, 'inband.yaml');
    await writeFile(
      file,
      `workers: ${workers}
listeners: [{ bind: '127.0.0.1:0', service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
    );
    const program = startProgram(['--config', file], undefined, { INBAND_DEBUG: debug });
    await askOnce(program, `http://127.0.0.1:${port}/`);
    await program.complained(last);
    program.kill('SIGTERM');
    return await program.ended;
  } finally {
    origin.close();
    origin.closeAllConnections();
    await rm(folder, { recursive: true });
  }
}

async function askOnce(program: Program, url: string): Promise<void> {
  const bound = String((await program.logged('listening')).address);
  const client = await openClient(Number(bound.split(':').at(-1)));
  await program.during(client.get(url, 'hello'));
  client.destroy();
}

describe('INBAND_DEBUG', () => {
  test.each([1, 2])('prints what it names to standard error, with workers: %i, until the end', async (workers) => {
    const { stderr, stdout, status } = await runWith('session,pool', workers, / session ended /);
    expect(status).toBe(0);
    const lines = stderr.trim().split('\n');
    const session = lines[0]?.match(/ session started (session=\d+) /)?.[1];
    expect(session).toBeDefined();
    const ofSession = lines.filter((line) => line.includes(` ${session} `));
    expect(ofSession.map((line) => line.split(' ').slice(2, 4).join(' '))).toEqual(
      expect.arrayContaining(['session started', 'session decided', 'pool miss', 'session ended']),
    );
    expect(lines.at(-1)).toMatch(/ pool closed .*reason=/);
    for (const line of lines) expect(line).toMatch(/^\S+Z \d+ (session|pool) \w+ \w+=/);
    expect(stdout).not.toContain('INBAND_DEBUG');
  });

  test.each([1, 2])('warns once of what it does not know, with workers: %i, and runs on', async (workers) => {
    const { stderr, stdout, status } = await runWith('poool,tunnel', workers);
    expect(status).toBe(0);
    const known = 'session, exchange, lookup, dial, pool, health, tunnel, transport, and * for all.';
    const warning = String.raw`INBAND_DEBUG: there is no channel \"poool\"; did you mean \"pool\"? There are ${known}`;
    expect(stdout.split(warning)).toHaveLength(2);
    expect(stderr).toBe('');
  });
});
