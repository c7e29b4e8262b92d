/** The oldest Node.js that the program runs on. */
const NEEDED = 24;

/** Whether this Node.js is new enough. If not, it is told in a sentence, and the exit status says so, too. */
export function isNewEnough() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) return true;
  const found = `this is ${process.versions.node} (${process.execPath})`;
  process.stderr.write(`inband: Node.js ${NEEDED} or later is needed, and ${found}.\n`);
  process.exitCode = 1;
  return false;
}
