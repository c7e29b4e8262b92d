import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sessionRecord } from '../../test-support/session-record.ts';
import type { Config } from '../config/schema/schema.ts';
import { ProgramLog } from './program-log.ts';

const usual: Config['log'] = { level: 'info', access: true, format: 'json' };

async function start(log: Partial<Config['log']>) {
  const baseDirectory = await mkdtemp(join(tmpdir(), 'inband-program-log-'));
  const program = new ProgramLog({ log: { ...usual, ...log }, baseDirectory });
  onTestFinished(async () => {
    await program.close();
    await rm(baseDirectory, { recursive: true });
  });
  const prepare = (next: Partial<Config['log']>) => program.prepare({ log: { ...usual, ...next }, baseDirectory });
  const content = (name: string): string => readFileSync(join(baseDirectory, name), 'utf8');
  const messages = (name: string): string[] =>
    [...content(name).matchAll(/"msg":"([^"]*)"/g)].map(([, text = '']) => text);
  return { program, prepare, content, messages, baseDirectory };
}

/** The files of a folder that this process has open. */
async function openIn(folder: string): Promise<string[]> {
  const paths = await Promise.all(
    readdirSync('/proc/self/fd').map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length + 1));
}

test('another file is used from the commit on, all that was logged before is in the first one, and that is closed', async () => {
  const { program, prepare, messages, baseDirectory } = await start({ file: 'one' });
  const { logger } = program;
  program.onSession?.(sessionRecord());
  const prepared = prepare({ file: 'two' });
  logger.info({}, 'before');
  const onSession = prepared.commit();
  logger.info({}, 'after');
  onSession?.(sessionRecord());
  await program.flush();
  expect(messages('one')).toEqual(['request', 'before', 'the log goes on elsewhere']);
  expect(messages('two')).toEqual(['after', 'request']);
  await expect.poll(() => openIn(baseDirectory), { timeout: 10_000 }).toEqual(['two']);
});

test('another format in the same file keeps the file open, and the order of lines', async () => {
  const { program, prepare, content, baseDirectory } = await start({ file: 'log' });
  program.onSession?.(sessionRecord());
  const onSession = prepare({ file: 'log', template: '{status}' }).commit();
  onSession?.(sessionRecord({ status: 418 }));
  await program.flush();
  const [first, second] = content('log').split('\n');
  expect([first, second]).toEqual([expect.stringMatching(/^\{.*"msg":"request"\}$/), '418']);
  expect(await openIn(baseDirectory)).toEqual(['log']);
});

test('a file that cannot be opened is refused, and the log goes on as before', async () => {
  const { program, prepare, messages, baseDirectory } = await start({ file: 'log' });
  mkdirSync(join(baseDirectory, 'folder'));
  expect(() => prepare({ file: 'folder' })).toThrow(/log\.file cannot be opened: EISDIR/);
  program.logger.info({}, 'as before');
  await program.flush();
  expect(messages('log')).toEqual(['as before']);
});

test('what was prepared and is abandoned leaves nothing open', async () => {
  const { program, prepare, messages, baseDirectory } = await start({ file: 'one' });
  prepare({ file: 'two' }).abandon();
  program.logger.info({}, 'as before');
  await program.flush();
  expect(messages('one')).toEqual(['as before']);
  await expect.poll(() => openIn(baseDirectory), { timeout: 10_000 }).toEqual(['one']);
});

test('level, access lines and rotation change without another file', async () => {
  const { program, prepare, content, messages, baseDirectory } = await start({ file: 'log' });
  const onSession = prepare({ file: 'log', level: 'warn', access: false, rotate: { size: 4096, keep: 1 } }).commit();
  expect(onSession).toBeUndefined();
  program.logger.info({}, 'hush');
  program.logger.warn({ long: 'x'.repeat(4096) }, 'loud');
  await program.flush();
  // The file is put aside, and a moment later there is a new one.
  const files = (): boolean => ['log', 'log.1'].every((name) => existsSync(join(baseDirectory, name)));
  await expect.poll(files, { timeout: 10_000 }).toBe(true);
  expect(messages('log.1')).toEqual(['loud']);
  expect(content('log')).toBe('');
});

test('USR1 is for the file of the moment', async () => {
  const { program, prepare } = await start({ file: 'log' });
  expect(program.reopen).toBeDefined();
  prepare({ level: 'silent' }).commit();
  expect(program.reopen).toBeUndefined();
});
