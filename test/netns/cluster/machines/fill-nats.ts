import type { Namespace } from '../../namespace.ts';
import type { Wire } from '../../wire.ts';

/** Bytes that a server of the lab may keep. */
export const MOST_KEPT = 4_000_000;
/** Bytes of one message. */
const PIECE = 900_000;

/** Has JetStream keep messages until it has no room for another one of any length. */
export async function fillNats(namespace: Namespace, address: string): Promise<void> {
  const wire = await begin(namespace, address);
  await publish(
    wire,
    '$JS.API.STREAM.CREATE.filler',
    JSON.stringify({ name: 'filler', subjects: ['filler'], storage: 'file', discard: 'new' }),
  );
  await wire.until('"did_create":true');
  for (let kept = 0; kept <= MOST_KEPT + 2 * PIECE; kept += PIECE) await publish(wire, 'filler', 'x'.repeat(PIECE));
  await wire.until('insufficient resources');
  await wire.reset();
}

/** Takes away what it has kept for that. */
export async function emptyNats(namespace: Namespace, address: string): Promise<void> {
  const wire = await begin(namespace, address);
  await publish(wire, '$JS.API.STREAM.DELETE.filler', '');
  await wire.until('"success":true');
  await wire.reset();
}

async function begin(namespace: Namespace, address: string): Promise<Wire> {
  const wire = await namespace.open(address);
  await wire.send('CONNECT {"verbose":false}\r\nSUB answers 1\r\n');
  return wire;
}

function publish(wire: Wire, subject: string, text: string): Promise<void> {
  return wire.send(`PUB ${subject} answers ${text.length}\r\n${text}\r\n`);
}
