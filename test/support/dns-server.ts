import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';

/** Types of records. */
export const A = 1;
export const AAAA = 28;
export const CNAME = 5;
export const SRV = 33;

interface Answer {
  readonly rcode?: number;
  /** Addresses of the type and name of the question, or of the last alias. */
  readonly records?: readonly { readonly data: readonly number[]; readonly ttl: number }[];
  /** A chain of aliases from the name. */
  readonly aliases?: readonly string[];
  /** Sets the truncated flag, and sends no records. */
  readonly truncated?: boolean;
}

/** The reaction to one question: an answer, no answer, or datagrams that are made from the query. */
export type DnsReply = Answer | 'silence' | ((query: Buffer) => readonly Buffer[]);

/** A DNS server on loopback, UDP and TCP, for queries with one question (RFC 1035). */
export class DnsServer {
  readonly questions: { name: string; type: number; id: number; port: number; tcp: boolean }[] = [];
  reply: (name: string, type: number, tcp: boolean) => DnsReply = () => ({});
  readonly #sockets = new Set<TcpSocket>();
  #udp: Socket = createSocket('udp4');
  #tcp: Server = createServer((socket) => this.#serve(socket));

  /** Resolves with its address: `127.0.0.1:5353`. */
  async listen(port = 0, address = '127.0.0.1'): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return `${address}:${await this.#bind(port, address)}`;
      } catch (error) {
        // A port that is free for UDP may be in use for TCP.
        if (port !== 0 || attempt === 20) throw error;
        this.#udp.close();
        this.#udp = createSocket('udp4');
        this.#tcp = createServer((socket) => this.#serve(socket));
      }
    }
  }

  async #bind(port: number, address: string): Promise<number> {
    this.#udp.on('message', (query, from) => this.#answerDatagram(query, from));
    this.#udp.bind(port, address);
    await once(this.#udp, 'listening');
    const bound = this.#udp.address().port;
    this.#tcp.listen(bound, address);
    await once(this.#tcp, 'listening');
    return bound;
  }

  async close(): Promise<void> {
    const closed = Promise.all([once(this.#udp, 'close'), once(this.#tcp, 'close')]);
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #answerDatagram(query: Buffer, from: RemoteInfo): void {
    for (const message of this.#answers(query, from.port, false)) this.#udp.send(message, from.port, from.address);
  }

  #serve(socket: TcpSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let received = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      for (const message of this.#answers(received.subarray(2), socket.remotePort ?? 0, true)) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(Buffer.concat([length, message]));
      }
    });
  }

  #answers(query: Buffer, port: number, tcp: boolean): readonly Buffer[] {
    const { name, type, end } = parseQuestion(query);
    this.questions.push({ name, type, id: query.readUInt16BE(0), port, tcp });
    const reply = this.reply(name, type, tcp);
    if (reply === 'silence') return [];
    return typeof reply === 'function' ? reply(query) : [answer(query, end, type, reply)];
  }
}

function parseQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Encodes a name without compression. */
export function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** The data of an SRV record (RFC 2782). */
export function encodeService(priority: number, weight: number, port: number, target: string): readonly number[] {
  const fixed = Buffer.alloc(6);
  fixed.writeUInt16BE(priority, 0);
  fixed.writeUInt16BE(weight, 2);
  fixed.writeUInt16BE(port, 4);
  return [...fixed, ...(target === '' ? [0] : encodeName(target))];
}

function record(owner: Buffer, type: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

/** Makes an answer to `query`, whose question ends at `end`. */
function answer(query: Buffer, end: number, type: number, how: Answer): Buffer {
  const { rcode = 0, records = [], aliases = [], truncated = false } = how;
  const head = Buffer.from(query.subarray(0, end));
  const given = truncated ? [] : records;
  head.writeUInt16BE(0x8180 | rcode | (truncated ? 0x0200 : 0), 2);
  head.writeUInt16BE(given.length + aliases.length, 6);
  head.writeUInt32BE(0, 8);
  // A pointer to the name of the question.
  let owner: Buffer = Buffer.from([0xc0, 0x0c]);
  const parts: Buffer[] = [];
  for (const alias of aliases) {
    parts.push(record(owner, CNAME, 3600, encodeName(alias)));
    owner = encodeName(alias);
  }
  parts.push(...given.map(({ data, ttl }) => record(owner, type, ttl, Buffer.from(data))));
  return Buffer.concat([head, ...parts]);
}

/** The message that answers a query for an IPv4 address with 127.0.0.9, for tests that change it. */
export function answerTo(query: Buffer): Buffer {
  const head = Buffer.from(query);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  return Buffer.concat([head, Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 40, 0, 4, 127, 0, 0, 9])]);
}
