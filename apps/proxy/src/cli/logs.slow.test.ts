import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { runProgram, startProgram } from '../../test-support/program.ts';

function line(id: string, more: Record<string, unknown> = {}): string {
  const usual = {
    level: 'info',
    time: '2026-11-22T20:42:11.345Z',
    service: 'web',
    id,
    session: 1,
    client: '10.1.2.3:4',
  };
  return `${JSON.stringify({ ...usual, method: 'GET', target: '/', verdict: 'accepted', status: 200, ...more, msg: 'request' })}\n`;
}

/** A folder with these files, the first one the newest. It is gone after the test. */
function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'inband-logs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [age, [name, content]] of Object.entries(files).entries()) {
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), 1_000_000 - age, 1_000_000 - age);
  }
  return folder;
}

test('a request is found in the log of a configuration, also where that was put aside or compressed', async () => {
  const folder = folderWith({
    'inband.log': line('abc-1'),
    'inband.log.1': line('abc-2', { parent: 3 }) + line('abc-20'),
    'inband.log.2.gz': gzipSync(line('abc-3') + line('xyz-3')),
    'inband.log.old': line('abc-4'),
    'inband.yaml': `
log: { file: inband.log }
listeners: [{ bind: "127.0.0.1:0", service: web }]
services: { web: { mode: forward, routes: [{ chainer: { type: inband } }] } }
`,
  });
  const explain = (id: string) => runProgram(['logs', '--explain', id, '--config', join(folder, 'inband.yaml')]);
  const [first, second, third, fourth] = await Promise.all(['abc-1', 'abc-2', 'abc-3', 'abc-4'].map(explain));
  expect(first?.stdout).toContain(`abc-1 (${folder}/inband.log:1)\n- 10.1.2.3:4 asked for GET / on 2026-11-22`);
  expect(second?.stdout).toContain(`abc-2 (${folder}/inband.log.1:1)`);
  expect(third?.stdout).toContain(`abc-3 (${folder}/inband.log.2.gz:1)`);
  expect(fourth).toMatchObject({ status: 1, stdout: '' });
  expect(fourth?.stderr).toContain(
    `there is no request abc-4 in ${folder}/inband.log, ${folder}/inband.log.1, ${folder}/inband.log.2.gz.`,
  );
});

test('sessions that were stacked in it are explained with it, and headers of syslog are passed over', async () => {
  const input = `Nov 22 20:42:11 host inband[7]: ${line('abc-9', { parent: 8 })}<30>1 - host inband 7 access - ${line('abc-8')}${line('xyz-9', { parent: 8 })}`;
  const { status, stdout } = await startProgram(['logs', '--explain', 'abc-8'], undefined, {}, input).ended;
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((text) => !text.startsWith('-'))).toEqual([
    'abc-8 (standard input:2)',
    '',
    'Within it: abc-9 (standard input:1)',
    '',
  ]);
});

test('a line in another format is shown as it is, with what would say more', async () => {
  const text = '20:42:12.001 10.1.2.3 GET / 403 0.2ms 0B denied: No. (services.web.access[1]; id abc-8)\n';
  const { status, stdout } = await startProgram(['logs', '--explain', 'abc-8'], undefined, {}, text).ended;
  expect(status).toBe(0);
  expect(stdout).toBe(
    `Only a log in the format "json" has all that happened to a request. The line in this one is:\n\n${text}(standard input:1)\n`,
  );
});

test('a file that cannot be read, and a log that goes to no file, are errors that say so', async () => {
  const folder = folderWith({ 'broken.log.gz': 'no gzip' });
  const missing = await runProgram(['logs', '--explain', 'abc-1', join(folder, 'missing.log')]);
  expect(missing).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/missing\.log cannot be read: ENOENT[^\n]*\n$/),
  });
  const broken = await runProgram(['logs', '--explain', 'abc-1', join(folder, 'broken.log.gz')]);
  expect(broken).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/broken\.log\.gz cannot be read: incorrect header check\n$/),
  });
});
