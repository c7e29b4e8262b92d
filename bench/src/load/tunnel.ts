import { connect, type Socket } from 'node:net';

/** The head of the CONNECT request for a port of 127.0.0.1. */
export function connectHead(targetPort: number): string {
  return `CONNECT 127.0.0.1:${targetPort} HTTP/1.1\r\nHost: 127.0.0.1:${targetPort}\r\n\r\n`;
}

/**
 * Length of the head that begins `received`; 0 when it is not complete. Throws when it does not open a tunnel.
 */
export function establishedHead(received: Buffer): number {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  if (!/^HTTP\/1\.[01] 2\d\d /.test(received.toString('latin1', 0, 13))) {
    throw new Error(`CONNECT was answered with "${received.toString('latin1', 0, received.indexOf('\r\n'))}"`);
  }
  return end + 4;
}

/** Opens a tunnel through the proxy at `proxyPort`; the caller owns the socket. Rejects after ten seconds. */
export function openTunnel(proxyPort: number, targetPort: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: proxyPort, host: '127.0.0.1', noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      if (error === undefined) return resolve(socket);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => settle(new Error('CONNECT was not answered within ten seconds')), 10_000);
    socket.once('connect', () => socket.write(connectHead(targetPort)));
    socket.once('error', (error) => settle(error));
    socket.once('close', () => settle(new Error('the proxy closed the connection before it answered CONNECT')));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      try {
        const head = establishedHead(received);
        if (head === 0) return;
        if (head < received.length) return settle(new Error('bytes after the answer to CONNECT that nobody sent'));
      } catch (error) {
        return settle(error instanceof Error ? error : new Error(String(error)));
      }
      settle();
    });
  });
}

/** Hands `result` to the benchmark over the message channel, and ends. */
export function report(result: object): void {
  process.send?.(result, () => process.exit(0));
}
