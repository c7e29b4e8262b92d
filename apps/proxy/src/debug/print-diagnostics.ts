import { type DiagnosticMessage, type DiagnosticName, diagnostics, ProxyError } from '@inband/core';
import { type LogSink, outputSink } from '../log/outputs/log-batch.ts';
import { secrets } from '../secrets/secret-texts.ts';
import { debugLine } from './debug-line.ts';
import { parseDebugNames } from './debug-names.ts';

const STDERR = 2;
/** Milliseconds that the end of the process waits for whoever reads the lines. */
const LAST_WORDS = 400;

/** Where the lines of diagnostics go. */
export interface PrintOptions {
  /** Takes one line, with its end. Default: standard error, without waiting for whoever reads it. */
  readonly write?: (line: string) => void;
}

/** What {@link printDiagnostics} has begun. */
export interface DiagnosticPrinter {
  /** Prints nothing more. Resolves when all lines have left. */
  stop(): Promise<void>;
}

/**
 * Prints what is published on the channels of docs/diagnostics.md, one line an event, for a person who looks for a fault.
 * `names` is as in the environment variable INBAND_DEBUG: `exchange,pool`, or `*` for all. Throws a {@link ProxyError} that
 * says what there is when one of them is not known.
 */
export function printDiagnostics(names: string, options: PrintOptions = {}): DiagnosticPrinter {
  const { names: channels, problems } = parseDebugNames(names);
  const [problem] = problems;
  if (problem !== undefined) throw new ProxyError('proxy_configuration_error', problem);
  return options.write === undefined ? printTo(channels, outputSink(STDERR)) : print(channels, options.write, written);
}

async function written(): Promise<void> {}

/** Prints to `sink`, also what is said last before the process ends. */
export function printTo(channels: ReadonlySet<DiagnosticName>, sink: LogSink): DiagnosticPrinter {
  const atExit = (): void => sink.flushSync(LAST_WORDS);
  process.once('exit', atExit);
  const flush = async (): Promise<void> => {
    process.off('exit', atExit);
    await new Promise<void>((resolve) => sink.flush(resolve));
  };
  return print(channels, (line) => sink.write(Buffer.from(line, 'latin1')), flush);
}

function print(
  channels: ReadonlySet<DiagnosticName>,
  write: (line: string) => void,
  flush: () => Promise<void>,
): DiagnosticPrinter {
  const listeners = Array.from(channels, (name) => {
    const listener = (message: DiagnosticMessage): void => write(secrets.redact(debugLine(name, message)));
    diagnostics[name].subscribe(listener);
    return { name, listener };
  });
  const stop = async (): Promise<void> => {
    for (const { name, listener } of listeners.splice(0)) diagnostics[name].unsubscribe(listener);
    await flush();
  };
  return { stop };
}
