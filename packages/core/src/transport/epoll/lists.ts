/** Takes everything out. Setting `length` would be a call into the engine each time, and let go of the memory. */
export function empty(list: unknown[]): void {
  for (let left = list.length; left > 0; left -= 1) list.pop();
}
