import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What is between a store and its server. `late`: each answer comes so many milliseconds late. `cut`: nothing comes, and nobody is told. */
export type LinkState = 'open' | 'cut' | { readonly late: number };

/** A relay in front of a server. A connection that was cut stays cut, as behind a firewall that has forgotten it. */
export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly port: number;
  state: LinkState = 'open';

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(port: number): Promise<Link> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const link = new Link(server, address.port);
    server.on('connection', (client) => link.#join(client, connect(port, '127.0.0.1')));
    return link;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    let isCut = false;
    const pass = (bytes: Buffer | string, to: Socket): void => {
      isCut ||= this.state === 'cut';
      if (!isCut) to.write(bytes);
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes) => pass(bytes, server));
    server.on('data', (bytes) => {
      if (typeof this.state === 'string') pass(bytes, client);
      else this.#later(this.state.late, () => pass(bytes, client));
    });
  }

  #later(late: number, what: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, late);
    this.#timers.add(timer);
  }
}
