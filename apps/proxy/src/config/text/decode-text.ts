/**
 * The text of a file in UTF-8. Throws an Error that says how to save the file if it is in another encoding, such as UTF-16, which
 * some editors and PowerShell on Windows write by default.
 */
export function decodeText(bytes: Uint8Array): string {
  const other = otherEncoding(bytes);
  if (other !== undefined) throw new Error(`it is in ${other}; save it as UTF-8`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`it is not in UTF-8 (see line ${lineOfFault(bytes)}); save it as UTF-8`);
  }
}

/** Recognised by its byte order mark, or by the zero bytes of ASCII characters. */
function otherEncoding(bytes: Uint8Array): string | undefined {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? 'UTF-32' : 'UTF-16';
  if (first === 0xfe && second === 0xff) return 'UTF-16';
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return 'UTF-32';
  if (first !== undefined && second !== undefined && (first === 0) !== (second === 0)) return 'UTF-16';
  return undefined;
}

/** Counts from 1. */
function lineOfFault(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(0x0a, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    line += 1;
    start = end + 1;
  }
}
