import { createHash } from 'node:crypto';

/** A script with the name by which servers keep it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** A script by its text. */
export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Microseconds and milliseconds of the server's clock, which is one for all who share it. Whole numbers that a double holds exactly. */
export const CLOCK = `
local t = redis.call('TIME')
local us = t[1] * 1000000 + t[2]
local ms = math.floor(us / 1000)
local function whole(n) return string.format('%.0f', n) end
`;
