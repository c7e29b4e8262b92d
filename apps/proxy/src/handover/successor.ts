import { ProxyError } from '@inband/core';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isRecord } from '../config/problem/problem.ts';
import type { SentTicketKeys } from '../session-tickets/ticket-keys.ts';
import type { InheritedSocket } from './inherited-sockets.ts';
import { SOCKETS_VARIABLE } from './systemd-sockets.ts';

/** Milliseconds for a successor to accept clients. Loading a configuration and look-ups of zones have limits of their own within it. */
const LONGEST_START = 60_000;
/** The first socket in a successor: behind stdin, stdout, stderr and the channel of messages. */
const FIRST = 4;

/** What a successor says to its predecessor. */
export type SuccessorMessage =
  | { readonly type: 'accepts'; readonly version: string }
  | { readonly type: 'failed'; readonly message: string };

/** What a predecessor says to its successor. */
export type PredecessorMessage =
  | { readonly type: 'ticket-keys'; readonly ticketKeys: SentTicketKeys }
  | { readonly type: 'take-over' };

/** The same program as a new process that accepts clients on the same sockets. */
export interface Successor {
  readonly pid: number;
  readonly version: string;
  /** Tells it that this process accepts no clients any more, and leaves it to itself. */
  takeOver(): void;
}

/**
 * Starts the program anew with the same command line, so with another version of it if that was installed meanwhile, and resolves when
 * it accepts clients on `sockets`, with the keys of session tickets. Rejects with the reason if it fails, does not accept within a minute, or `isOff` is aborted; then
 * it is killed.
 */
export async function startSuccessor(
  sockets: readonly InheritedSocket[],
  ticketKeys: SentTicketKeys,
  isOff: AbortSignal,
): Promise<Successor> {
  if (isOff.aborted) throw new Error('this program is to stop');
  const inherited = sockets.map((socket, index) => ({ ...socket, descriptor: FIRST + index }));
  const env: NodeJS.ProcessEnv = { ...process.env, [SOCKETS_VARIABLE]: JSON.stringify(inherited) };
  // It names this process.
  delete env.WATCHDOG_PID;
  const descriptors = sockets.map(({ descriptor }) => descriptor);
  const child = spawn(executable(), [...process.execArgv, ...process.argv.slice(1)], {
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc', ...descriptors],
  });
  const tell = (message: PredecessorMessage, sent: () => void = () => undefined): void =>
    void child.send(message, sent);
  try {
    const starting = accepted(child, isOff);
    tell({ type: 'ticket-keys', ticketKeys });
    const version = await starting;
    const takeOver = (): void => {
      tell({ type: 'take-over' }, () => {
        if (child.connected) child.disconnect();
      });
      child.unref();
    };
    return { pid: child.pid ?? 0, version, takeOver };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** The Node.js that runs this process may be gone from its place when another one was installed. */
function executable(): string {
  return existsSync(process.execPath) ? process.execPath : process.argv0;
}

/** Resolves with the version of a successor when it accepts. */
async function accepted(child: ChildProcess, isOff: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string): void => reject(new ProxyError('proxy_configuration_error', why));
  const onMessage = (message: unknown): void => {
    if (!isSuccessorMessage(message)) return;
    if (message.type === 'accepts') resolve(message.version);
    else fail(message.message);
  };
  const onExit = (code: number | null, signal: string | null): void =>
    fail(`the successor ended with ${signal === null ? `status ${code}` : signal} before it accepted`);
  const onError = ({ message }: Error): void => fail(`the successor cannot be started: ${message}`);
  const onAbort = (): void => fail('this program is to stop');
  const timer = setTimeout(() => fail(`the successor did not accept within ${LONGEST_START / 1000} s`), LONGEST_START);
  child.on('message', onMessage).on('exit', onExit).on('error', onError);
  isOff.addEventListener('abort', onAbort);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    isOff.removeEventListener('abort', onAbort);
    child.off('message', onMessage).off('exit', onExit);
  }
}

function isSuccessorMessage(message: unknown): message is SuccessorMessage {
  if (!isRecord(message)) return false;
  const { type, version, message: text } = message;
  return (type === 'accepts' && typeof version === 'string') || (type === 'failed' && typeof text === 'string');
}
