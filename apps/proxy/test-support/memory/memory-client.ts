import type { Connection } from '@inband/core';

/** A client on a connection that it keeps open. */
export function talk(connection: Connection) {
  let received = '';
  let look = (): void => undefined;
  const closed = Promise.withResolvers<void>();
  const over = (): void => {
    closed.resolve();
    look();
  };
  connection.handler = {
    data(bytes, start, end) {
      received += bytes.toString('latin1', start, end);
      look();
    },
    drained: () => undefined,
    ended: () => {
      connection.destroy();
      over();
    },
    closed: over,
  };
  connection.resume();
  let isClosed = false;
  void closed.promise.then(() => (isClosed = true));
  /** Resolves with what came since the last call, as soon as it contains `end`. */
  const until = async (end: string): Promise<string> => {
    while (!received.includes(end)) {
      if (isClosed) throw new Error(`It was closed after ${JSON.stringify(received)}.`);
      const news = new Promise<void>((resolve) => (look = resolve));
      await Promise.race([news, closed.promise]);
    }
    const answer = received;
    received = '';
    return answer;
  };
  const send = (text: string): void => void connection.write(Buffer.from(text, 'latin1'));
  const ask = (text: string, end: string): Promise<string> => {
    send(text);
    return until(end);
  };
  return { connection, closed: closed.promise, send, until, ask };
}
