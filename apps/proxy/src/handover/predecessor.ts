import type { SentTicketKeys } from '../session-tickets/ticket-keys.ts';
import type { PredecessorMessage, SuccessorMessage } from './successor.ts';
import { SOCKETS_VARIABLE } from './systemd-sockets.ts';

/** Milliseconds for a predecessor to take its hands off. It has nothing to wait for. */
const LONGEST_WAIT = 5_000;

/** The running program that this process is to replace: it has started this process. */
export interface Predecessor {
  /** Calls `take` with its keys of session tickets when they come. */
  takeTicketKeys(take: (ticketKeys: SentTicketKeys) => void): void;
  /** Resolves when it accepts no clients any more, after `accepts`, or is gone. */
  readonly hasLeft: Promise<void>;
  /** Says that this process accepts clients. */
  accepts(version: string): void;
  /** Says why this process cannot start. Resolves when that is sent. */
  failed(message: string): Promise<void>;
}

const predecessor = found();

/** Undefined for a program that was started in another way. */
export function predecessorOfThisProcess(): Predecessor | undefined {
  return predecessor;
}

function found(): Predecessor | undefined {
  const { env, connected } = process;
  // Workers have a channel, too, and no such variable.
  if (env[SOCKETS_VARIABLE] === undefined || !connected) return undefined;
  const left = Promise.withResolvers<void>();
  return {
    takeTicketKeys: (take) => {
      process.on('message', (message: PredecessorMessage) => {
        if (message.type === 'ticket-keys') take(message.ticketKeys);
      });
      // A program that cannot start must be able to end.
      process.channel?.unref();
    },
    hasLeft: left.promise,
    accepts: (version) => {
      process.on('message', (message: PredecessorMessage) => {
        if (message.type === 'take-over') left.resolve();
      });
      process.once('disconnect', () => left.resolve());
      setTimeout(left.resolve, LONGEST_WAIT).unref();
      void send({ type: 'accepts', version });
    },
    failed: (message) => send({ type: 'failed', message }),
  };
}

/** Resolves when the message is sent, or the predecessor is gone. */
function send(message: SuccessorMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}
