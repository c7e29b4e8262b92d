import { type Connection, inetAddr, type MemoryNetwork, type SockAddr, type TransportListener } from '@inband/core';

/** Parses an address. Throws when the text is none. */
export function address(text: string, port: number): SockAddr {
  const found = inetAddr(text, port);
  if (found === undefined) throw new Error(`${text} is not an address.`);
  return found;
}

/** An origin on a network in memory. It answers every request head with its name, then closes. */
export function startOrigin(network: MemoryNetwork, where: SockAddr, name: string): Promise<TransportListener> {
  return network.transport().listen(where, {}, (connection) => answerOnce(connection, name));
}

/** Answers the first request head on a connection with `name`, then closes. */
export function answerOnce(connection: Connection, name: string): void {
  collect(connection, (received) => {
    if (!received.includes('\r\n\r\n')) return;
    write(connection, `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\nConnection: close\r\n\r\n${name}`);
    connection.end();
  });
}

/** Sends `bytes` to `server` from the address `from`. Resolves with all received bytes once the proxy has closed. */
export async function exchange(network: MemoryNetwork, from: string, server: SockAddr, bytes: string): Promise<string> {
  const connection = await connect(network, from, server);
  const answer = new Promise<string>((resolve) => collect(connection, () => {}, resolve));
  write(connection, bytes);
  return answer;
}

export function connect(network: MemoryNetwork, from: string, server: SockAddr): Promise<Connection> {
  return new Promise((resolve, reject) => {
    network.transport({ address: from }).connect(server, {}, (error, connection) => {
      if (connection === undefined) reject(error ?? new Error('There is no connection.'));
      else resolve(connection);
    });
  });
}

function write(connection: Connection, text: string): void {
  connection.write(Buffer.from(text, 'latin1'));
}

/** Collects received bytes. `onData` gets all bytes so far, `onEnd` all bytes at the end. */
function collect(connection: Connection, onData: (received: string) => void, onEnd?: (received: string) => void): void {
  let received = '';
  connection.handler = {
    data(bytes, start, end) {
      received += bytes.toString('latin1', start, end);
      onData(received);
    },
    drained() {},
    ended: () => connection.end(),
    closed: () => onEnd?.(received),
  };
  connection.resume();
}
