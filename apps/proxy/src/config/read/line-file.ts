import { ProxyError } from '@inband/core';
import { readFileSync, statSync } from 'node:fs';

/** Bytes of the largest file: a value has to fit into a head. */
const MOST_BYTES = 65_536;

/** Throws a `ProxyError` that says what is wrong with the file, and nothing of what is in it. */
export function readLine(path: string): string {
  let text: string;
  try {
    const status = statSync(path);
    if (!status.isFile()) throw new Error('it is not a regular file');
    if (status.size > MOST_BYTES) throw new Error(`it has ${status.size} bytes, and a value at most ${MOST_BYTES}`);
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw wrong(`The file ${JSON.stringify(path)} cannot be read: ${reason}.`);
  }
  if (isLine(text)) return text;
  throw wrong(`The file ${JSON.stringify(path)} should hold one line of visible ASCII characters, with nothing else.`);
}

/** The value of a variable of the environment. Throws a `ProxyError` that says what is wrong with it, and nothing of the value. */
export function readVariable(name: string): string {
  const text = process.env[name];
  if (text === undefined) throw wrong(`The environment variable "${name}" is not set.`);
  if (isLine(text)) return text;
  throw wrong(`The environment variable "${name}" should hold one line of visible ASCII characters.`);
}

function isLine(text: string): boolean {
  return text !== '' && /^[\t -~]*$/.test(text);
}

function wrong(message: string): ProxyError {
  return new ProxyError('proxy_configuration_error', message);
}
