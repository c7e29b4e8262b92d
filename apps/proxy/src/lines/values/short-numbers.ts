/** Milliseconds rounded to a hundredth, because more digits are noise. */
export function milliseconds(duration: number): number {
  return Math.round(duration * 100) / 100;
}

/** Milliseconds for people: `9.3ms`, `3.2s`, `12m3s`, `5h20m`. */
export function shortDuration(duration: number): string {
  if (duration < 999.95) return `${trimmed(duration)}ms`;
  if (duration < 59_950) return `${trimmed(duration / 1_000)}s`;
  const seconds = Math.round(duration / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${minutes % 60}m`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes for people: `0B`, `5.2KiB`, `1.1GiB`. */
export function shortSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trimmed(value)}${UNITS[unit]}`;
}

/** One decimal, unless it is zero. */
function trimmed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
