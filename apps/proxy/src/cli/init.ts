import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, extname, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../config/parse-config.ts';
import { ConfigError } from '../config/problem/problem.ts';
import { ownFile } from '../own-files/own-files.ts';
import type { InitCommand } from './cli-arguments.ts';
import { configText } from './config-text.ts';
import { bindOf, DEFAULT_PORTS, quickConfig, type Wishes } from './quick-config.ts';
import { UsageError } from './usage/usage-error.ts';

const FILE = 'inband.yaml';
const SCHEMA = fileURLToPath(ownFile('schema/inband.schema.json'));

/** Asks a question until the answer is right, and resolves with it. An empty answer is the default. */
type Ask = (question: string, preset: string, problem: (answer: string) => Promise<string> | string) => Promise<string>;

/** Writes a first configuration. Asks on a terminal; else what no option says has its default. Resolves with the exit status. */
export async function init(command: InitCommand): Promise<number> {
  if (command.file !== undefined) refuse(fileProblem(command.file));
  const onTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const { file, ...wishes } = onTerminal ? await interview(command) : defaultsOf(command);
  refuse(fileProblem(file));
  const config = quickConfig(wishes, undefined);
  await parseConfig({ value: config, baseDirectory: dirname(resolve(file)) });
  // Not over a file that has come to be meanwhile.
  await writeFile(file, configText(config, heading(file)), { flag: 'wx' });
  process.stdout.write(`${file} is written. To check it, and to run it:\n`);
  process.stdout.write(`  inband check --config ${file}\n  inband --config ${file}\n`);
  return 0;
}

type Answers = Wishes & { readonly file: string };

function defaultsOf({ mode = 'forward', file = FILE, ...wishes }: InitCommand): Answers {
  if (mode === 'reverse' && wishes.servers.length === 0)
    throw new UsageError('a reverse proxy needs a server: --to host:port.');
  return { ...wishes, mode, file };
}

/** At most four questions; what an option has said is not asked. */
async function interview(command: InitCommand): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // The iterator keeps lines that come before they are asked for, as from the clipboard.
  const lines = terminal[Symbol.asyncIterator]();
  const ask: Ask = async (question, preset, problem) => {
    terminal.setPrompt(`${question}${preset === '' ? '' : ` [${preset}]`} `);
    for (;;) {
      terminal.prompt();
      const line = await lines.next();
      if (line.done === true) throw new UsageError('nothing is written.');
      const answer = line.value.trim() || preset;
      const wrong = await problem(answer);
      if (wrong === '') return answer;
      process.stdout.write(`${wrong}\n`);
    }
  };
  try {
    return await answersTo(ask, command);
  } finally {
    terminal.close();
  }
}

async function answersTo(ask: Ask, command: InitCommand): Promise<Answers> {
  const question = 'forward (browsers, jobs and agents reach servers through it) or reverse (in front of servers)?';
  const written = command.mode ?? (await ask(question, 'forward', modeProblem));
  const mode = written === 'reverse' ? 'reverse' : 'forward';
  const port = DEFAULT_PORTS[mode];
  const isAddress = (answer: string): string => problemOf(() => bindOf(answer, port));
  const listen = command.listen ?? (await ask('On which address shall it listen?', `127.0.0.1:${port}`, isAddress));
  const { servers, allow, parent } = command;
  const wishes = { mode, listen, servers, allow, parent } as const;
  const wanted = mode === 'forward' ? await askClients(ask, wishes) : await askServers(ask, wishes);
  const file = command.file ?? (await ask('Into which file?', FILE, fileProblem));
  return { ...wanted, file };
}

function modeProblem(answer: string): string {
  return answer === 'forward' || answer === 'reverse' ? '' : 'One of the two, please.';
}

async function askClients(ask: Ask, wishes: Wishes): Promise<Wishes> {
  if (wishes.allow.length > 0) return wishes;
  const question = 'Who may use it? Addresses and CIDRs, or nothing for this machine and private networks:';
  const answer = await ask(question, '', (text) => configProblem({ ...wishes, allow: wordsOf(text) }));
  return { ...wishes, allow: wordsOf(answer) };
}

async function askServers(ask: Ask, wishes: Wishes): Promise<Wishes> {
  if (wishes.servers.length > 0) return wishes;
  const question = 'Which servers stand behind it? One or more, as host:port:';
  const answer = await ask(question, '', (text) => configProblem({ ...wishes, servers: wordsOf(text) }));
  return { ...wishes, servers: wordsOf(answer) };
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** What the check of the configuration says; empty if it is right. */
async function configProblem(wishes: Wishes): Promise<string> {
  try {
    await parseConfig({ value: quickConfig(wishes, undefined), baseDirectory: process.cwd() });
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function problemOf(read: () => unknown): string {
  try {
    read();
    return '';
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Why a file cannot be written; empty if it can. */
function fileProblem(file: string): string {
  if (!['.yaml', '.yml'].includes(extname(file).toLowerCase())) return `init writes YAML: ${FILE}, not ${file}.`;
  return existsSync(file) ? `${file} exists already, and is left as it is; name another file.` : '';
}

function refuse(problem: string): void {
  if (problem !== '') throw new UsageError(problem);
}

/** Editors find the schema by the first line. */
function heading(file: string): string {
  const fromFile = relative(dirname(resolve(file)), SCHEMA);
  const schema = fromFile.startsWith('..') ? SCHEMA : `./${fromFile}`;
  const inEditors = `yaml-language-server: $schema=${schema}`;
  return `${inEditors}\nWritten by "inband init". Durations: 500ms, 10s, 5m; sizes: 8KiB, 1MiB. All keys: docs/configuration.md.`;
}
