/** How much was lost since it was last told, and how many lines since the start. */
export class LostLines {
  lines = 0;
  bytes = 0;
  total = 0;

  add(bytes: Buffer): void {
    this.bytes += bytes.length;
    // At least one, so that it is told.
    const lines = Math.max(1, countLines(bytes));
    this.lines += lines;
    this.total += lines;
  }

  /** Returns what was lost, and begins anew. */
  take(): { readonly lines: number; readonly bytes: number } {
    const { lines, bytes } = this;
    this.lines = 0;
    this.bytes = 0;
    return { lines, bytes };
  }
}

const LINE_FEED = 0x0a;

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
