import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { jsonObject } from './json.ts';
import { PROGRAM_FILE } from './program-file.ts';

export interface ProgramEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as a running process. */
export interface Program {
  /** Resolves with the next log line that has this `msg`. Rejects when the program ends without one. */
  logged(message: string): Promise<Record<string, unknown>>;
  /** Resolves when standard error has it. Rejects when the program ends without. */
  complained(pattern: RegExp): Promise<void>;
  /** The same promise, but rejects when the program ends first. */
  during<T>(promise: Promise<T>): Promise<T>;
  kill(signal: NodeJS.Signals): void;
  /** The process ids of the program and its workers. Linux only. */
  processes(): Promise<number[]>;
  readonly ended: Promise<ProgramEnd>;
}

interface Complaint {
  readonly pattern: RegExp;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Waiting {
  readonly message: string;
  readonly resolve: (line: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

/** `input`, if given, is all that its standard input holds. `file`: what is started as the program. */
export function startProgram(
  argv: readonly string[],
  cwd?: string,
  env: Record<string, string> = {},
  input?: string,
  file = PROGRAM_FILE,
): Program {
  const child = spawn(process.execPath, [file, ...argv], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined).end(input);
  const end = { status: null as number | null, stdout: '', stderr: '' };
  const seen: Record<string, unknown>[] = [];
  const waiting = new Set<Waiting>();
  const complaints = new Set<Complaint>();
  const serve = (): void => {
    for (const one of waiting) {
      const index = seen.findIndex((line) => line.msg === one.message);
      const line = index < 0 ? undefined : seen.splice(index, 1)[0];
      if (line === undefined) continue;
      waiting.delete(one);
      one.resolve(line);
    }
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    end.stdout += `${line}\n`;
    if (line.startsWith('{"')) seen.push(jsonObject(line));
    serve();
  });
  const read = (): void => {
    for (const one of complaints) if (one.pattern.test(end.stderr)) one.resolve();
  };
  child.stderr.on('data', (text: Buffer) => {
    end.stderr += text.toString();
    read();
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.on('close', (status) => {
      end.status = status;
      for (const { message, reject } of waiting) reject(new Error(`It ended without "${message}": ${end.stderr}`));
      for (const { pattern, reject } of complaints) reject(new Error(`It ended without ${pattern}: ${end.stderr}`));
      resolve(end);
    });
  });
  return {
    logged: (message) =>
      new Promise((resolve, reject) => {
        waiting.add({ message, resolve, reject });
        serve();
      }),
    complained: (pattern) =>
      new Promise((resolve, reject) => {
        complaints.add({ pattern, resolve, reject });
        read();
      }),
    during: (promise) =>
      Promise.race([
        promise,
        ended.then(({ stderr }) => {
          throw new Error(`It ended too early: ${stderr}`);
        }),
      ]),
    kill: (signal) => void child.kill(signal),
    processes: async () => {
      const pid = child.pid ?? 0;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
      return [pid, ...children.split(' ').filter(Boolean).map(Number)];
    },
    ended,
  };
}

/** Runs the program to its end. */
export function runProgram(argv: readonly string[], cwd?: string): Promise<ProgramEnd> {
  return startProgram(argv, cwd).ended;
}
