/** Milliseconds for which `body` has kept a processor busy, whatever else the machine has to do meanwhile. */
export function processorTime(body: () => void): number {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
