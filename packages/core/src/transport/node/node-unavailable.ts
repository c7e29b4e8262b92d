/** The first libuv that reports a reset, and not an end, while bytes are left to read. */
const NEEDED_LIBUV = [1, 52] as const;

/**
 * One sentence that says why Node's own sockets must not be used in this process, or undefined when they may be.
 *
 * libuv before 1.52 takes a reset that arrives behind bytes for an orderly end, so that an answer that was cut would pass as whole.
 */
export function nodeUnavailable(): string | undefined {
  const { uv, node } = process.versions;
  const [major = 0, minor = 0] = uv.split('.').map(Number);
  const isOld = major < NEEDED_LIBUV[0] || (major === NEEDED_LIBUV[0] && minor < NEEDED_LIBUV[1]);
  if (isOld) {
    const found = `this is ${uv} (Node.js ${node})`;
    return `The transport "node" needs libuv ${NEEDED_LIBUV.join('.')} or later, and ${found}: it takes a reset for an end, so that a cut answer would pass as whole. Update Node.js.`;
  }
  return networkDenied();
}

/** One sentence that says why this process may not use the network at all, or undefined when it may. */
export function networkDenied(): string | undefined {
  // Node before 25 has no such permission, and denies every permission that it does not know.
  const isKnown = process.allowedNodeEnvironmentFlags.has('--allow-net');
  if (!isKnown || process.permission === undefined || process.permission.has('net')) return undefined;
  return 'The permission model of Node.js keeps this process from the network: start it with --allow-net.';
}
