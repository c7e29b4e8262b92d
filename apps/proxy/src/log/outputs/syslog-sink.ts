import { type Logger, createMessageSender, type MessageReceiver, type MessageSender } from '@inband/core';
import type { SyslogConfig } from '../../config/schema/process/syslog.ts';
import { ByteOutput, type LostListener } from './byte-output.ts';
import type { ByteWriter, WrittenListener } from './byte-writer.ts';
import type { LogSink } from './log-batch.ts';
import { SyslogLines } from './syslog-lines.ts';

/** Until it is tried again to reach a receiver. */
const RETRY = { shortest: 100, longest: 10_000 };
/** Milliseconds that `close` waits for a receiver that takes nothing. */
const LONGEST_CLOSE = 10_000;
const LINE_FEED = 0x0a;

/** The log by syslog, one message a line. Lines wait for a receiver that is away, and are dropped as those for a slow reader are. */
export class SyslogSink implements LogSink {
  readonly tellsMessages = true;
  readonly #lines: SyslogLines;
  readonly #sender: MessageSender;
  readonly #output: ByteOutput;

  constructor(settings: SyslogConfig) {
    this.#lines = new SyslogLines(settings);
    this.#sender = createMessageSender(settings.address);
    this.#output = new ByteOutput(new SyslogWriter(this.#sender, settings.address), { retry: RETRY });
  }

  get dropped(): number {
    return this.#output.dropped;
  }

  set onLost(listener: LostListener | undefined) {
    this.#output.onLost = listener;
  }

  write(lines: Buffer, level?: keyof Logger): void {
    this.#output.write(this.#lines.write(lines, level));
  }

  flush(done: () => void): void {
    this.#output.flush(done);
  }

  flushSync(limit?: number): void {
    this.#output.flushSync(limit);
  }

  async close(limit = LONGEST_CLOSE): Promise<void> {
    await this.#output.end(limit);
    this.#sender.close();
  }
}

/** Gives whole lines to a sender as messages. */
class SyslogWriter implements ByteWriter {
  readonly #sender: MessageSender;
  readonly #receiver: MessageReceiver;

  constructor(sender: MessageSender, receiver: MessageReceiver) {
    this.#sender = sender;
    this.#receiver = receiver;
  }

  write(bytes: Buffer, onWritten: WrittenListener): void {
    void this.#send(messagesIn(bytes), onWritten);
  }

  async #send(messages: readonly Buffer[], onWritten: WrittenListener): Promise<void> {
    const { taken, problem } = await this.#sender.send(this.#framed(messages));
    const written = messages.slice(0, taken).reduce((sum, { length }) => sum + length + 1, 0);
    onWritten(problem === undefined ? null : this.#told(problem), written);
  }

  writeLast(bytes: Buffer): boolean {
    this.#sender.sendNow(this.#framed(messagesIn(bytes)));
    return true;
  }

  /** In a stream each message follows its length (RFC 6587 section 3.4.1). */
  #framed(messages: readonly Buffer[]): readonly Buffer[] {
    if (this.#receiver.transport !== 'tcp') return messages;
    return messages.map((message) => Buffer.concat([Buffer.from(`${message.length} `), message]));
  }

  /** The same with the receiver in its text. A code that has a meaning for files only is left out. */
  #told({ message, code }: NodeJS.ErrnoException): NodeJS.ErrnoException {
    const told = new Error(`syslog at ${receiverText(this.#receiver)}: ${message}`);
    return code === 'EAGAIN' || code === 'EMSGSIZE' ? Object.assign(told, { code }) : told;
  }
}

/** Each line without its line feed. */
function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(LINE_FEED, start);
    messages.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return messages;
}

/** As the configuration has it. */
export function receiverText(receiver: MessageReceiver): string {
  if (receiver.transport === 'unix') return `unix:${receiver.path.replace(/^\0/, '@')}`;
  const { transport, host, port } = receiver;
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
