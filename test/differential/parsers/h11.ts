import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../support/requires.ts';
import type { Parsed, ParsedAnswers } from './parsed.ts';

const PROGRAM = fileURLToPath(new URL('h11-main.py', import.meta.url));

/** h11, a parser in Python that shares nothing with llhttp. One process parses everything, in the order in which it is asked. */
export interface H11 {
  /** What a proxy sent to a server on one connection. */
  parse(bytes: Buffer): Promise<Parsed>;
  /** What a proxy sent to a client on one connection, to requests with these methods. */
  parseAnswers(bytes: Buffer, methods: readonly string[]): Promise<ParsedAnswers>;
  stop(): Promise<void>;
}

interface Line {
  readonly requests?: Parsed['requests'];
  readonly answers?: ParsedAnswers['answers'];
  readonly error: string | null;
}

const ENDED: Line = { error: 'h11 has ended' };

export function startH11(): H11 {
  const child = spawn(PYTHON, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const waiting: ((line: Line) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line) as Line));
  let hasEnded = false;
  // Whoever still waits would wait for ever.
  child.stdin.on('error', () => {});
  child.on('close', () => {
    hasEnded = true;
    for (const settle of waiting.splice(0)) settle(ENDED);
  });
  const ask = (line: string, bytes: Buffer): Promise<Line> => {
    if (hasEnded) return Promise.resolve(ENDED);
    const content = Buffer.concat([Buffer.from(`${line}\n`), bytes]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(content.length);
    child.stdin.write(size);
    child.stdin.write(content);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return {
    parse: async (bytes) => {
      const { requests = [], error } = await ask('', bytes);
      return { requests, error: error ?? undefined };
    },
    parseAnswers: async (bytes, methods) => {
      const { answers = [], error } = await ask(methods.join(','), bytes);
      return { answers, error: error ?? undefined };
    },
    stop: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
