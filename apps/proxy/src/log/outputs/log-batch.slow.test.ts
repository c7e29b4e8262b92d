import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { jsonObject } from '../../../test-support/json.ts';

const LINES = 3_000;
/** Writes far more than a pipe or socket holds, and says so when it must be full. */
const writer = `
  import { LogBatch, stdoutSink } from ${JSON.stringify(new URL('./log-batch.ts', import.meta.url).href)};
  const batch = new LogBatch(stdoutSink(true));
  for (let line = 0; line < ${LINES}; line += 1) {
    batch.add(JSON.stringify({ pid: process.pid, line, text: 'é'.repeat(line % 700) }) + '\\n');
    if (line % 50 === 0) batch.push();
  }
  batch.push();
  setTimeout(() => process.stderr.write('.'), 100);
`;
const both = `exec 3<&0; { "$0" --input-type=module -e "$1" & "$0" --input-type=module -e "$1" & wait; }`;

test.each([
  ['pipe', `${both} | { read begin <&3; cat; }`],
  // What Node gives a child for its standard output.
  ['socket', `${both}; read begin <&3`],
])('processes that share a %s do not cut each other’s lines, even when it is full', async (_kind, script) => {
  const shell = spawn('sh', ['-c', script, process.execPath, writer]);
  let full = '';
  await new Promise<void>((resolve) => shell.stderr.on('data', (more) => (full += String(more)) === '..' && resolve()));
  shell.stdin.end('begin\n');
  const lines = (await text(shell.stdout)).trim().split('\n').map(jsonObject);
  const byWriter = Map.groupBy(lines, ({ pid }) => pid);
  expect(byWriter.size).toBe(2);
  const inOrder = Array.from({ length: LINES }, (_, line) => line);
  for (const its of byWriter.values()) expect(its.map(({ line }) => line)).toEqual(inOrder);
});
