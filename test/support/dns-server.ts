import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Types of questions. */
export const A = 1;
export const AAAA = 28;

/** What the server says to one question: records with their times to live, an error code, or nothing at all. */
export type DnsReply = { rcode?: number; records?: readonly { data: readonly number[]; ttl: number }[] } | 'silence';

/** A DNS server on loopback, just enough of RFC 1035 for one question and its answer. */
export class DnsServer {
  readonly questions: { name: string; type: number }[] = [];
  reply: (name: string, type: number) => DnsReply = () => ({});
  readonly #socket: Socket = createSocket('udp4');

  async listen(): Promise<string> {
    this.#socket.on('message', (query, from) => {
      const { name, type, end } = parseQuestion(query);
      this.questions.push({ name, type });
      const reply = this.reply(name, type);
      if (reply === 'silence') return;
      this.#socket.send(answer(query, end, type, reply), from.port, from.address);
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
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

function answer(
  query: Buffer,
  end: number,
  type: number,
  { rcode = 0, records = [] }: Exclude<DnsReply, string>,
): Buffer {
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180 | rcode, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  const parts = records.map(({ data, ttl }) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(ttl, 6);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, Buffer.from(data)]);
  });
  return Buffer.concat([head, ...parts]);
}
