import type { RequestNotes } from '@inband/core';
import { isTemplate, parseTemplate } from './template.ts';

/** Whether access lines have something that must be noted of request heads. */
export function wantsNotes(log: {
  readonly access: boolean;
  readonly format: string;
  readonly template?: string | undefined;
}): boolean {
  if (!log.access) return false;
  if (log.template === undefined) return log.format === 'common' || log.format === 'combined';
  const parts = parseTemplate(log.template);
  return isTemplate(parts) && parts.some((part) => 'field' in part && NOTED.has(part.field));
}

const NOTED: ReadonlySet<string> = new Set<keyof RequestNotes>(['version', 'referer', 'userAgent']);
