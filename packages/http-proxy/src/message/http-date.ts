import { Literal } from './words.ts';

let second = 0;
let text = '';
let line = new Literal('');

function refresh(): void {
  const now = Math.floor(Date.now() / 1000);
  if (now === second) return;
  second = now;
  text = new Date(now * 1000).toUTCString();
  line = new Literal(`Date: ${text}\r\n`);
}

/** The time in the form of RFC 9110 section 5.6.7, made once per second. */
export function httpDate(): string {
  refresh();
  return text;
}

/** The same as a whole `Date` line. */
export function httpDateLine(): Literal {
  refresh();
  return line;
}
