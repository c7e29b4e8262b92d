import { createServer, type Server, type Socket } from 'node:net';
import { fieldOf, type Message, MessageReader } from '../conformance/wire/message-reader.ts';
import { formsOf } from './forms.ts';

/** The body of the exchange `id`: it says the id again and again, `size` bytes of it. */
export function bodyOf(id: string, size: number): string {
  return `${id};`.repeat(Math.ceil(size / (id.length + 1))).slice(0, size);
}

/**
 * An origin that answers `/<id>/<form>/<size>` in that form, so that whoever asked can tell, and checks what it was sent. It leaves
 * stray answers behind, at once or a moment later, and closes early, as the form says.
 */
export class SoakOrigin {
  /** Connections made to it. */
  connections = 0;
  /** Connections on which something came that is no HTTP. */
  spoilt = 0;
  /** What was wrong with a request, in words. */
  readonly problems: string[] = [];
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #isTunnelled: boolean;

  /** `isTunnelled`: what comes is as clients have sent it. */
  constructor(isTunnelled = false) {
    this.#isTunnelled = isTunnelled;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#open.add(socket);
    const reader = new MessageReader('request');
    socket.setNoDelay(true);
    // Answers to a proxy that has already gone away are among what is tried.
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      reader.push(bytes);
      if (reader.problem !== undefined) {
        // What a client has spoilt comes as it is within a tunnel, and no other way.
        if (this.#isTunnelled) this.spoilt += 1;
        else this.problems.push(reader.problem);
        socket.end();
        return;
      }
      for (const request of reader.complete.splice(0)) this.#answer(socket, request);
      // Whole requests are answered and forgotten; there is never more than one on the way.
      const done = reader.messages.findLastIndex(({ complete }) => complete);
      reader.messages.splice(0, done + 1);
    });
  }

  #answer(socket: Socket, request: Message): void {
    const { method, target, body: sent, trailer } = request;
    const [, id = '', index = '', size = ''] = target.split('/');
    const isWhole = sent === bodyOf(id, sent.length) && (trailer === '' || trailer === `X-Sent: ${id}\r\n`);
    // A spoilt request may say another nonce.
    if (fieldOf(request, 'x-nonce') === id && !isWhole)
      this.problems.push(`${target} came with another body: ${JSON.stringify(sent.slice(0, 100))}`);
    const form = formsOf(id, bodyOf(id, Number(size)))[Number(index)];
    if (form === undefined) return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const user = fieldOf(request, 'x-user');
    const head = user === undefined ? form.head : form.head.replace('X-Id', `X-User: ${user}\r\nX-Id`);
    const answer = method === 'HEAD' ? head : head + form.body;
    socket.write(answer + (form.behind ?? ''), 'latin1');
    if (form.closes === true) socket.end();
    else if (form.later !== undefined) setTimeout(() => socket.write(form.later!, 'latin1'), 1);
  }
}
