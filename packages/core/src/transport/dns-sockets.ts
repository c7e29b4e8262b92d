import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import type { DnsServerAddress, DnsSockets, DnsTry } from '../resolver/dns-sockets.ts';

/** The sockets of the DNS client: Node's own, because look-ups are far from any hot path. */
export const dnsSockets: DnsSockets = {
  datagram: askByDatagram,
  stream: askByStream,
};

function askByDatagram<T>(
  { address, port }: DnsServerAddress,
  query: Uint8Array,
  bounds: DnsTry,
  accept: (bytes: Uint8Array) => T | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const settlement = settleOnce<T>(bounds, resolve, reject, () => socket.close());
    socket.on('error', settlement.fail);
    socket.on('message', (bytes) => {
      try {
        const answer = accept(bytes);
        if (answer !== undefined) settlement.succeed(answer);
      } catch (error) {
        settlement.fail(error);
      }
    });
    // Connected, so that the kernel delivers only what that server sent, and reports when nothing listens there.
    socket.connect(port, address, (error?: Error) => {
      // When there is no route, the callback gets the error and the listener does not.
      if (error !== undefined) settlement.fail(error);
      else if (!settlement.isOver()) socket.send(query);
    });
  });
}

function askByStream({ address, port }: DnsServerAddress, query: Uint8Array, bounds: DnsTry): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: address, port });
    const settlement = settleOnce<Uint8Array>(bounds, resolve, reject, () => socket.destroy());
    const framed = Buffer.alloc(2 + query.length);
    framed.writeUInt16BE(query.length);
    framed.set(query, 2);
    let received = Buffer.alloc(0);
    socket.on('error', settlement.fail);
    socket.on('close', () => settlement.fail(withCode('ECONNRESET', 'the DNS server closed the connection')));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      const end = received.length < 2 ? Infinity : 2 + received.readUInt16BE(0);
      if (received.length >= end) settlement.succeed(received.subarray(2, end));
    });
    socket.write(framed);
  });
}

interface Settlement<T> {
  readonly isOver: () => boolean;
  readonly succeed: (value: T) => void;
  readonly fail: (error: unknown) => void;
}

/** Settles a query once, by its result, its timeout or its signal, and closes the socket. */
function settleOnce<T>(
  { timeout, signal }: DnsTry,
  resolve: (value: T) => void,
  reject: (error: Error) => void,
  release: () => void,
): Settlement<T> {
  let over = false;
  const end = (): boolean => {
    if (over) return false;
    over = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    release();
    return true;
  };
  const fail = (error: unknown): void => {
    if (end()) reject(error instanceof Error ? error : new Error(String(error)));
  };
  const onAbort = (): void => fail(withCode('ECANCELLED', 'the look-up was cancelled'));
  const timer = setTimeout(() => fail(withCode('ETIMEOUT', 'the DNS server did not answer in time')), timeout);
  signal.addEventListener('abort', onAbort);
  return {
    isOver: () => over,
    succeed: (value) => {
      if (end()) resolve(value);
    },
    fail,
  };
}

function withCode(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
