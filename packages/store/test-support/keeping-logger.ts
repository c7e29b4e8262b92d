import type { Logger } from '@inband/core';

/** A logger that keeps the messages of its lines. */
export function keepingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (_fields: object, message: string): void => void lines.push(message);
  return { lines, logger: { debug: () => {}, info: keep, warn: keep, error: keep } };
}
