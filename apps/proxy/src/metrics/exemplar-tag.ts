/** The tag of a process, eight ASCII characters, as one value of eight bytes. */
export function packed(tag: string): number {
  return Buffer.from(tag.padEnd(8).slice(0, 8), 'latin1').readDoubleLE(0);
}

/** The other way. */
export function unpacked(tag: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(tag, 0);
  return bytes.toString('latin1').trimEnd();
}
