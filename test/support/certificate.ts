import { readFileSync } from 'node:fs';

const folder = new URL('../fixtures/tls/', import.meta.url);

/** For localhost, 127.0.0.1 and ::1; signed by itself, and worth nothing outside of tests. */
export const certificate = {
  key: readFileSync(new URL('localhost.key', folder)),
  cert: readFileSync(new URL('localhost.crt', folder)),
};
