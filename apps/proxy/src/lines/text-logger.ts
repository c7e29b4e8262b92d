import type { Logger } from '@inband/core';
import type { Palette } from './palette.ts';
import { safeSentence } from './values/safe-text.ts';

/** From the least severe one on. */
const LEVELS: readonly (keyof Logger)[] = ['debug', 'info', 'warn', 'error'];

export interface TextLoggerOptions {
  /** The least severe level that is written. */
  readonly level: keyof Logger | 'silent';
  readonly palette: Palette;
  readonly time: () => string;
  readonly write: (line: string, level: keyof Logger) => void;
}

/** Makes the logger of messages for people: the time, the level unless it is `info`, the message, and its fields as `key=value`. */
export function textLogger({ level, palette, time, write }: TextLoggerOptions): Logger {
  const least = rankOf(level);
  const mark = {
    debug: palette.dim('debug '),
    info: '',
    warn: palette.yellow('warning '),
    error: palette.red('error '),
  };
  const logger = (severity: keyof Logger): Logger['info'] => {
    const rank = rankOf(severity);
    return (fields, message) => {
      if (rank < least) return;
      const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
      const text = pairs.map(([key, value]) => ` ${palette.dim(`${key}=`)}${safeSentence(valueText(value))}`).join('');
      write(`${palette.dim(time())} ${mark[severity]}${safeSentence(message)}${text}\n`, severity);
    };
  };
  return {
    debug: logger('debug'),
    info: logger('info'),
    warn: logger('warn'),
    error: logger('error'),
  };
}

/** `silent` is above all of them. */
function rankOf(level: string): number {
  const rank = LEVELS.findIndex((one) => one === level);
  return rank < 0 ? LEVELS.length : rank;
}

/** A text with spaces is quoted, so that it is seen where it ends. */
function valueText(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message;
  if (typeof value === 'string' && !/[\s"=]/.test(value) && value !== '') return value;
  return JSON.stringify(value) ?? String(value);
}
