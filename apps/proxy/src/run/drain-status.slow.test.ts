import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeRequiring } from '../../../../test/support/requires.ts';
import { PROGRAM_FILE } from '../../test-support/program-file.ts';

const CTRL_C = '\x03';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-terminal-'));
});
afterAll(() => rm(folder, { recursive: true }));

describeRequiring({ commands: ['script'], linux: true }, 'at a terminal', () => {
  test.each([1, 2])(
    'Ctrl-C says what is waited for, and a second one stops at once: %d worker(s)',
    async (workers) => {
      const file = join(folder, `${workers}.yaml`);
      await writeFile(
        file,
        `workers: ${workers}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
      );
      // `exec`, because a shell that stays between, as dash does, would end with 130 for the Ctrl-C itself.
      const command = `exec '${process.execPath}' '${PROGRAM_FILE}' --config '${file}'`;
      const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null']);
      onTestFinished(() => void child.kill('SIGKILL'));
      let screen = '';
      child.stdout.on('data', (bytes: Buffer) => (screen += bytes.toString()));
      const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
        for (;;) {
          const match = pattern.exec(screen);
          if (match !== null) return match;
          await once(child.stdout, 'data');
        }
      };
      const [, port] = await until(/127\.0\.0\.1:(\d+)/);
      await until(/how names are looked up/);
      const client = connect(Number(port), '127.0.0.1');
      client.on('error', () => undefined);
      onTestFinished(() => void client.destroy());
      // Half of a body, so that it is in the middle of a request for a while.
      client.write('POST http://127.0.0.1:9/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
      const other = connect(Number(port), '127.0.0.1');
      other.on('error', () => undefined);
      onTestFinished(() => void other.destroy());
      // An answer, so that the program has it for certain, and then half of a head; with workers they are counted once a second.
      other.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(other, 'data');
      other.write('GET / HTTP/1.1\r\nHost: a\r\n');
      child.stdin.write(CTRL_C);
      await until(/\r[12] connections? open, \d+ s left; Ctrl-C again to stop now/);
      child.stdin.write(CTRL_C);
      expect(await once(child, 'close')).toEqual([1, null]);
    },
    60_000,
  );
});
