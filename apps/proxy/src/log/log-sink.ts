import { ProxyError } from '@inband/core';
import { resolve } from 'node:path';
import type { Config } from '../config/schema/schema.ts';
import { type LogSink, stderrSink, stdoutSink } from './log-batch.ts';
import { LogFile } from './log-file.ts';
import { createLogging, type Logging } from './logging.ts';

export interface OpenLogOptions {
  /** The directory for a relative `log.file`. */
  readonly baseDirectory: string;
  /** `worker`: other processes write the same log, and the supervisor rotates it. */
  readonly role?: 'single' | 'supervisor' | 'worker';
}

/** Opens the log of a process as the configuration says. Throws a {@link ProxyError} when its file cannot be opened. */
export function openLog(config: Config['log'], { baseDirectory, role = 'single' }: OpenLogOptions): Logging {
  const isShared = role !== 'single';
  const messages = (): LogSink => stderrSink(isShared);
  if (config.file === undefined) return createLogging(config, stdoutSink(isShared), messages);
  const path = resolve(baseDirectory, config.file);
  return createLogging(config, openFile(path, role === 'worker' ? undefined : config.rotate), messages);
}

function openFile(path: string, rotate: Config['log']['rotate']): LogFile {
  try {
    return new LogFile(path, rotate);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProxyError('proxy_configuration_error', `inband: log.file cannot be opened: ${why}`, {
      setting: 'log.file',
    });
  }
}
