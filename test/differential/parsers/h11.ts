import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../../support/requires.ts';
import type { Parsed } from './parsed.ts';

const PROGRAM = fileURLToPath(new URL('h11-main.py', import.meta.url));

/** h11, a parser in Python that shares nothing with llhttp. One process parses everything, in the order in which it is asked. */
export interface H11 {
  parse(bytes: Buffer): Promise<Parsed>;
  stop(): Promise<void>;
}

export function startH11(): H11 {
  const child = spawn(PYTHON, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const waiting: ((parsed: Parsed) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { requests, error } = JSON.parse(line) as Parsed & { readonly error: string | null };
    waiting.shift()?.({ requests, error: error ?? undefined });
  });
  // Whoever still waits would wait for ever.
  child.on('close', () => {
    for (const settle of waiting.splice(0)) settle({ requests: [], error: 'h11 has ended' });
  });
  return {
    parse: (bytes) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        const size = Buffer.alloc(4);
        size.writeUInt32BE(bytes.length);
        child.stdin.write(size);
        child.stdin.write(bytes);
      }),
    stop: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
