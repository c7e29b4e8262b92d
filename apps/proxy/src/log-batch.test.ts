import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { jsonObject } from '../test-support/json.ts';

const LINES = 3_000;
const writer = `
  import { LogBatch, stdoutSink } from ${JSON.stringify(new URL('./log-batch.ts', import.meta.url).href)};
  const batch = new LogBatch(stdoutSink(true));
  for (let line = 0; line < ${LINES}; line += 1) {
    batch.add(JSON.stringify({ pid: process.pid, line, text: 'é'.repeat(line % 700) }) + '\\n');
    if (line % 50 === 0) batch.push();
  }
  batch.push();
`;

// Both write far more than a pipe or socket holds before anybody reads.
const both = `{ "$0" --input-type=module -e "$1" & "$0" --input-type=module -e "$1" & wait; }`;

test.each([
  ['pipe', `${both} | { sleep 0.5; cat; }`],
  // What Node gives a child for its standard output.
  ['socket', both],
])('processes that share a %s do not cut each other’s lines, even when it is full', async (_, script) => {
  const shell = spawn('sh', ['-c', script, process.execPath, writer], { stdio: ['ignore', 'pipe', 'inherit'] });
  await wait(500);
  const lines = (await text(shell.stdout)).trim().split('\n').map(jsonObject);
  const byWriter = Map.groupBy(lines, ({ pid }) => pid);
  expect(byWriter.size).toBe(2);
  const inOrder = Array.from({ length: LINES }, (_, line) => line);
  for (const its of byWriter.values()) expect(its.map(({ line }) => line)).toEqual(inOrder);
});
