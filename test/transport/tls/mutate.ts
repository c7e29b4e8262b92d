type Random = (below: number) => number;

/** What becomes of a record on its way. */
const mutations: readonly ((record: Buffer, random: Random) => Uint8Array[])[] = [
  // One bit.
  (record, random) => {
    const at = random(record.length);
    record.writeUInt8(record.readUInt8(at) ^ (1 << random(8)), at);
    return [record];
  },
  // A byte of a head: of the record or of the handshake message in it.
  (record, random) => {
    record.writeUInt8(random(256), random(Math.min(12, record.length)));
    return [record];
  },
  // A length within, of two bytes.
  (record, random) => {
    record.writeUInt16BE(random(65_536), random(record.length - 1));
    return [record];
  },
  (record, random) => [record.subarray(0, random(record.length))],
  (record) => [record, record],
  () => [],
  (record, random) => [record, Buffer.from(Array.from({ length: 1 + random(64) }, () => random(256)))],
  // Two records of one, with heads that fit.
  (record, random) => {
    const at = 5 + random(record.length - 5);
    const first = Buffer.from(record.subarray(0, at));
    first.writeUInt16BE(at - 5, 3);
    const second = Buffer.concat([record.subarray(0, 5), record.subarray(at)]);
    second.writeUInt16BE(record.length - at, 3);
    return [first, second];
  },
  // Nothing in it.
  (record) => [Buffer.concat([record.subarray(0, 3), Buffer.of(0, 0)]), record],
  // Content of the right length that means nothing.
  (record, random) => [record.fill(random(256), 5)],
];

/** Changes a record in one of many ways. */
export function mutate(record: Buffer, random: Random): Uint8Array[] {
  const mutation = mutations[random(mutations.length)];
  return mutation === undefined ? [record] : mutation(Buffer.from(record), random);
}
