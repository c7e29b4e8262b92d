import { write } from 'node:fs';

const STDERR = 2;
let isReporting = false;

/**
 * Writes to standard error without waiting for its reader, which `console.error` would. Only one write is pending at a time,
 * because each unread one blocks a thread.
 */
export function report(text: string): void {
  if (isReporting) return;
  isReporting = true;
  write(STDERR, Buffer.from(`${text}\n`), () => (isReporting = false));
}
