/** Numbers, times and sizes as they are read on the page. Units are always written. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Three digits of a number at most, and none after the point from 100 on. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 999_950) return `${trim(value / 1_000_000)} M`;
  if (size >= 10_000) return `${trim(value / 1_000)} k`;
  return trim(value);
}

function trim(value: number): string {
  const digits = Math.abs(value) >= 100 || value === 0 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** A number with all of its digits. */
export function whole(value: number): string {
  return value.toLocaleString('en-GB').replaceAll(',', '\u202f');
}

export function bytes(value: number): string {
  let [size, unit] = [value, 0];
  while (Math.abs(size) >= 1023.5 && unit < UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${trim(unit === 0 ? Math.round(size) : size)}\u00a0${UNITS[unit]}`;
}

/** Of milliseconds. */
export function milliseconds(value: number | null): string {
  if (value === null) return '–';
  return value >= 1_000 ? `${trim(value / 1_000)}\u00a0s` : `${trim(value)}\u00a0ms`;
}

/** Of seconds: the two largest units. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3_600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'min'],
    [total % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0\u00a0s';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}\u00a0${unit}`).join(' ');
}

/** The time of day here, with the date if it is not today. */
export function clock(at: string | number, now = new Date()): string {
  const then = new Date(at);
  const time = then.toLocaleTimeString('en-GB');
  return then.toDateString() === now.toDateString() ? time : `${then.toLocaleDateString('en-CA')} ${time}`;
}

/** How far away a time is: "12 s ago", "in 3 min". */
export function relative(at: string | number, now = Date.now()): string {
  const seconds = (now - new Date(at).getTime()) / 1_000;
  if (Math.abs(seconds) < 1) return 'now';
  const [largest = ''] = duration(Math.abs(seconds)).split(' ');
  return seconds > 0 ? `${largest} ago` : `in ${largest}`;
}
