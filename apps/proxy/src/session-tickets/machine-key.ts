import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
/** As systemd makes it: random, and not the one of a machine that has none yet. */
const ID = /^(?!0{32})[\da-f]{32}\n?$/;
const PURPOSE = 'inband own key 1';

/**
 * 32 bytes that are the same after a restart on this machine. Users of the machine can find them out, and nobody else. Made of the
 * random id that most Linux systems have, which must not leave the machine as it is (machine-id(5)). Undefined without one.
 */
export function machineKey(files: readonly string[] = FILES): Uint8Array | undefined {
  const id = files.map(read).find((text) => text !== undefined && ID.test(text));
  return id === undefined ? undefined : createHmac('sha256', id.trim()).update(PURPOSE).digest();
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
