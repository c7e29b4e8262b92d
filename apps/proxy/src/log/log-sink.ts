import { ProxyError, unixDatagramsProblem } from '@inband/core';
import { resolve } from 'node:path';
import type { Config } from '../config/schema/schema.ts';
import type { SyslogConfig } from '../config/schema/process/syslog.ts';
import { type LogSink, nowhere, stderrSink, stdoutSink } from './outputs/log-batch.ts';
import { LogFile } from './outputs/log-file.ts';
import { receiverText, SyslogSink } from './outputs/syslog-sink.ts';

/** Where a log goes. */
export interface Destination {
  /** Two with the same name are the same. */
  readonly name: string;
  /** Throws a {@link ProxyError} when it cannot be opened. */
  open(): LogSink;
  /** Sets what may change while it is open. */
  configure?(sink: LogSink): void;
}

/** The standard outputs of this process. Each is opened once, because one has to keep the order of its lines. */
export class StandardOutputs {
  readonly #isShared: boolean;
  #stdout: LogSink | undefined = undefined;
  #stderr: LogSink | undefined = undefined;

  /** `isShared`: other processes write to them, too. */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  get stdout(): LogSink {
    return (this.#stdout ??= stdoutSink(this.#isShared));
  }

  get stderr(): LogSink {
    return (this.#stderr ??= stderrSink(this.#isShared));
  }

  get opened(): LogSink[] {
    return [this.#stdout, this.#stderr].filter((sink) => sink !== undefined);
  }
}

interface Settings {
  readonly log: Config['log'] | undefined;
  readonly baseDirectory: string;
}

/** Where the configuration sends the log. `rotates`: whether this process puts its file aside. */
export function destinationOf(
  { log, baseDirectory }: Settings,
  standard: StandardOutputs,
  rotates: boolean,
): Destination {
  if (log === undefined) return { name: 'nowhere', open: () => nowhere };
  if (log.syslog !== undefined) return syslogDestination(log.syslog);
  if (log.file === undefined) return { name: 'standard output', open: () => standard.stdout };
  const path = resolve(baseDirectory, log.file);
  return {
    name: path,
    open: () => openFile(path),
    configure: (sink) => {
      if (sink instanceof LogFile) sink.rotateBy(rotates ? log.rotate : undefined);
    },
  };
}

function syslogDestination(settings: SyslogConfig): Destination {
  const { address, facility, tag } = settings;
  const open = (): LogSink => {
    const problem = address.transport === 'unix' ? unixDatagramsProblem() : undefined;
    if (problem === undefined) return new SyslogSink(settings);
    throw unusable('log.syslog.address', `log.syslog cannot be used: ${problem}`);
  };
  return { name: `syslog ${receiverText(address)} ${facility} ${tag}`, open };
}

function openFile(path: string): LogFile {
  try {
    return new LogFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unusable('log.file', `log.file cannot be opened: ${why}`);
  }
}

function unusable(setting: string, why: string): ProxyError {
  return new ProxyError('proxy_configuration_error', `inband: ${why}`, { setting });
}
