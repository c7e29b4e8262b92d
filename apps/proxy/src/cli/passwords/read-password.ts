import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UsageError } from '../usage/usage-error.ts';

/** Characters of the longest password: more than a login may have in the end. */
const LONGEST = 1_024;

/** Asks for a password on a terminal, twice and without showing it; else reads the first line of standard input. */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return checked(await firstLine());
  const password = checked(await ask('Password: '));
  if ((await ask('Once more: ')) !== password) throw new UsageError('the two passwords differ.');
  return password;
}

/** What stands behind the first line is another one's. */
async function firstLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n') || text.length > LONGEST) break;
  }
  return text.split(/\r?\n/)[0] ?? '';
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question);
  // What is typed is edited by readline, which echoes it to nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      terminal.once('close', () => reject(new UsageError('there is no password.')));
      terminal.once('line', resolve);
    });
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

function checked(password: string): string {
  if (password === '') throw new UsageError('hash needs a password on standard input.');
  if (password.length > LONGEST) throw new UsageError(`a password has at most ${LONGEST} characters.`);
  return password;
}
