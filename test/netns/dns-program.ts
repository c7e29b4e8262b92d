import { A, type DnsReply, DnsServer } from '../support/dns-server.ts';

/**
 * A DNS server on 127.0.0.1:53, as a process of its own, for the namespace that it is started in. What it says to a name is in
 * the name: `silent…` gets no answer, `servfail…`, `refused…`, `missing…` and `malformed…` what they say, every other
 * name has the address 127.0.0.1. It says `ready`, then each name that it is asked for, a line each.
 */
const server = new DnsServer();

function reply(name: string, type: number): DnsReply {
  const [first = ''] = name.split('.');
  if (first.startsWith('silent')) return 'silence';
  if (first.startsWith('servfail')) return { rcode: 2 };
  if (first.startsWith('refused')) return { rcode: 5 };
  if (first.startsWith('missing')) return { rcode: 3 };
  if (first.startsWith('malformed')) return malformed;
  return type === A ? { records: [{ data: [127, 0, 0, 1], ttl: 60 }] } : {};
}

/** It counts a record that is not there. */
function malformed(query: Buffer): readonly Buffer[] {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8180, 2);
  answer.writeUInt16BE(1, 6);
  return [answer];
}

server.reply = (name, type) => {
  process.stdout.write(`${name}\n`);
  return reply(name, type);
};
await server.listen(53);
process.stdout.write('ready\n');
