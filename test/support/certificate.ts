import { readFileSync } from 'node:fs';

const folder = new URL('../fixtures/tls/', import.meta.url);

/** A self-signed certificate for localhost, 127.0.0.1 and ::1, for tests only. */
export const certificate = {
  key: readFileSync(new URL('localhost.key', folder)),
  cert: readFileSync(new URL('localhost.crt', folder)),
};
