import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { ByteOutput } from './byte-output.ts';

async function file() {
  const folder = await mkdtemp(join(tmpdir(), 'inband-output-'));
  const path = join(folder, 'log');
  const descriptor = openSync(path, 'a');
  onTestFinished(async () => {
    closeSync(descriptor);
    await rm(folder, { recursive: true });
  });
  return { path, descriptor };
}

const flushed = (output: ByteOutput): Promise<void> => new Promise((resolve) => output.flush(resolve));

test('everything arrives in order, little and much', async () => {
  const { path, descriptor } = await file();
  const output = new ByteOutput(descriptor, { longest: 1000 });
  const pieces = Array.from({ length: 300 }, (_, index) => `${index}:${'x'.repeat((index * 37) % 2500)}\n`);
  for (const [index, piece] of pieces.entries()) {
    output.write(Buffer.from(piece));
    if (index % 50 === 0) await flushed(output);
  }
  await flushed(output);
  expect(readFileSync(path, 'utf8')).toBe(pieces.join(''));
});

test('a flush of nothing calls back, and flushSync needs no event loop', async () => {
  const { path, descriptor } = await file();
  const output = new ByteOutput(descriptor);
  await flushed(output);
  output.write(Buffer.from('first\n'));
  await flushed(output);
  output.write(Buffer.from('second\n'));
  output.write(Buffer.from('third\n'));
  output.flushSync();
  await flushed(output);
  expect(readFileSync(path, 'utf8').split('\n').toSorted()).toEqual(['', 'first', 'second', 'third']);
});

const output = JSON.stringify(new URL('./byte-output.ts', import.meta.url).href);
const run = (script: string, stdout: string) =>
  spawn('sh', ['-c', `"$0" --input-type=module -e "$1" ${stdout}`, process.execPath, script]);

test('what a file system does not take is kept and tried again, which is told once and ends nothing', async () => {
  // /dev/full refuses every write with ENOSPC.
  const script = `
    import { ByteOutput } from ${output};
    const output = new ByteOutput(1);
    for (let piece = 0; piece < 20; piece += 1) output.write(Buffer.alloc(1024 * 1024));
    let flushed = false;
    output.flush(() => (flushed = true));
    setTimeout(() => {
      output.flushSync();
      process.stderr.write(JSON.stringify({ flushed }));
    }, 200);
  `;
  const child = run(script, '> /dev/full');
  const told = (await text(child.stderr)).split('\n');
  expect(told).toEqual([expect.stringMatching(/^The log cannot be written; .*ENOSPC/), '{"flushed":false}']);
});

test('an end that the file system does not let come is told, with what is lost', async () => {
  const script = `
    import { ByteOutput } from ${output};
    const output = new ByteOutput(1);
    output.write(Buffer.from('one\\ntwo\\n'));
    await output.end(200);
  `;
  const told = (await text(run(script, '> /dev/full').stderr)).split('\n');
  const lost = 'The log was closed before all of it could be written; 2 lines (8 bytes) of it are lost.';
  expect(told).toEqual([expect.stringMatching(/ENOSPC/), lost, '']);
});

test('a reader that has gone away ends nothing either', async () => {
  const gone = join(dirname((await file()).path), 'gone');
  const script = `
    import { existsSync } from 'node:fs';
    import { ByteOutput } from ${output};
    const output = new ByteOutput(1);
    const go = () => {
      output.write(Buffer.alloc(1024 * 1024));
      output.flush(() => {
        output.write(Buffer.from('more'));
        output.flush(() => process.stderr.write('lost ' + output.dropped + ', on it goes'));
      });
    };
    const waiting = setInterval(() => {
      if (!existsSync(${JSON.stringify(gone)})) return;
      clearInterval(waiting);
      go();
    }, 10);
  `;
  const child = run(script, `| { exec 0<&-; : > ${gone}; }`);
  expect(await text(child.stderr)).toBe('lost 2, on it goes');
});

test('lines that a slow reader leaves no room for are dropped, counted, and told when it reads again', async () => {
  const script = `
    import { ByteOutput } from ${output};
    const output = new ByteOutput(1);
    output.onLost = (lines, bytes) => process.stderr.write(JSON.stringify({ lines, bytes }) + '\\n');
    const line = Buffer.alloc(1024 * 1024, 'x');
    line[line.length - 1] = 0x0a;
    for (let count = 0; count < 20; count += 1) output.write(Buffer.from(line));
    setTimeout(() => process.stderr.write('begin, dropped ' + output.dropped + '\\n'), 100);
    setTimeout(() => undefined, 60_000).unref();
  `;
  const command = `exec 3<&0; "$0" --input-type=module -e "$1" | { read begin <&3; wc -l >&2; }`;
  const child = spawn('sh', ['-c', command, process.execPath, script]);
  let told = '';
  child.stderr.on('data', (more) => {
    told += String(more);
    if (told.includes('begin')) child.stdin.end('go\n');
  });
  await text(child.stdout);
  expect(told).toMatch(/^The log is not read; 16777216 bytes of it wait, and further lines are dropped\.$/m);
  expect(told).toMatch(/^The log can be written again; 4 lines \(4194304 bytes\) of it are lost\.$/m);
  // Before it can be written again, because whoever watches must not wait for that.
  expect(told).toContain('begin, dropped 4\n');
  expect(told).toContain('{"lines":4,"bytes":4194304}');
  expect(told).toMatch(/^\s*16$/m);
});
