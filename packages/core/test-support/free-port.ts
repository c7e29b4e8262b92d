import { createServer } from 'node:net';

/**
 * Below the ports that systems give to whoever asks for any (Linux: from 32768, others: from 49152), so that nobody who listens on port 0,
 * and no connection, has the port before it is used, or while the server that used it starts again. Above those that browsers refuse.
 */
const FIRST = 12_000;
const PORTS = 20_000;
/** Each worker of vitest has ports of its own. There are not more of them than these on any machine that matters. */
const WORKERS = 16;
const OWN_PORTS = Math.floor(PORTS / WORKERS);
const OWN_FIRST = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS) * OWN_PORTS;

/** A random start, because the file before may have left a connection in TIME_WAIT, and others may run the same tests. */
let next = Math.floor(Math.random() * OWN_PORTS);

/** A port of the loopback on which nobody listens. No two calls in a process give the same one, up to a thousand. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < OWN_PORTS; tries += 1) {
    const port = OWN_FIRST + (next++ % OWN_PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error(`Every port from ${OWN_FIRST} to ${OWN_FIRST + OWN_PORTS} is in use.`);
}

/** So many of them. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // On all addresses, because what is to listen may do so.
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
