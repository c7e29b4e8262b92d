import { connect } from 'node:net';

/** What one client came to. */
export interface Visit {
  /** Milliseconds as of `performance.now`, when it began. */
  readonly begun: number;
  readonly milliseconds: number;
  readonly outcome: 'served' | 'refused' | 'unanswered';
}

/** Milliseconds after which a client that has learned nothing gives up. */
const PATIENCE = 3_000;
/** More connections at a time than this are not begun, so that this process keeps descriptors. */
const MOST_OPEN = 20_000;

const REQUEST = 'GET / HTTP/1.1\r\nHost: overload.test\r\nConnection: close\r\n\r\n';

/** One client: a connection of its own, one request, and its answer. */
export function visit(port: number): Promise<Visit> {
  const { promise, resolve } = Promise.withResolvers<Visit>();
  const begun = performance.now();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let outcome: Visit['outcome'] = 'refused';
  const timer = setTimeout(() => {
    outcome = 'unanswered';
    socket.destroy();
  }, PATIENCE);
  socket.on('data', (bytes) => {
    if (bytes.toString('latin1', 0, 12) === 'HTTP/1.1 200') outcome = 'served';
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearTimeout(timer);
    resolve({ begun, milliseconds: performance.now() - begun, outcome });
  });
  socket.write(REQUEST);
  return promise;
}

/** Clients one after the other, so many at a time, for so many seconds: as many as are served. */
export async function inTurn(port: number, atOnce: number, seconds: number): Promise<Visit[]> {
  const visits: Visit[] = [];
  const until = performance.now() + seconds * 1_000;
  const loop = async (): Promise<void> => {
    while (performance.now() < until) visits.push(await visit(port));
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return visits;
}

/** So many clients a second, whatever becomes of those before them. */
export async function atRate(port: number, perSecond: number, seconds: number): Promise<Visit[]> {
  const visits: Promise<Visit>[] = [];
  let open = 0;
  const begun = performance.now();
  while (performance.now() < begun + seconds * 1_000) {
    const due = ((performance.now() - begun) / 1_000) * perSecond;
    for (; visits.length < due && open < MOST_OPEN; open += 1) {
      const one = visit(port);
      visits.push(one);
      void one.then(() => (open -= 1));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Promise.all(visits);
}
