const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (value: number): string => String(value).padStart(2, '0');

/** The local time of day to the millisecond, for a reader at a terminal. */
export function timeOfDay(now: Date): string {
  const rest = String(now.getMilliseconds()).padStart(3, '0');
  return `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${rest}`;
}

/** As the common log format has it, in UTC: `22/Nov/2026:20:42:11 +0000`. */
export function commonTime(now: Date): string {
  const date = `${two(now.getUTCDate())}/${MONTHS[now.getUTCMonth()]}/${now.getUTCFullYear()}`;
  return `${date}:${two(now.getUTCHours())}:${two(now.getUTCMinutes())}:${two(now.getUTCSeconds())} +0000`;
}
