/** Bytes of the longest name. RFC 1929 has no room for more. */
const LONGEST = 255;

/** Whether it can stand in a line of a log or in a field. */
export function isSafeName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- what is looked for
  return name !== '' && Buffer.byteLength(name) <= LONGEST && !/[\u0000-\u001f\u007f-\u009f]/.test(name);
}
