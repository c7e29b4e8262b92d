import { type ClientHello, HelloFault, HelloReader } from '@inband/tls-guard';
import { expectEqual, expectTrue } from './expect.ts';
import type { FuzzTarget } from './target.ts';

/** Bytes that a reader may keep for each that it has read: it has them twice until the message is whole. */
const KEPT = 2;
const LARGEST = 16 * 1024 + 64;

type Outcome = ClientHello | string | undefined;

function read(bytes: Buffer, cuts: readonly number[]): Outcome {
  const reader = new HelloReader();
  let at = 0;
  try {
    for (const end of [...cuts, bytes.length]) {
      if (end <= at) continue;
      const around = Buffer.concat([Buffer.alloc(3, 0x16), bytes.subarray(at, end), Buffer.alloc(3, 0x16)]);
      const hello = reader.read(around, 3, 3 + end - at);
      around.fill(0xaa);
      at = end;
      expectTrue('keeps too much', reader.kept <= KEPT * at && reader.kept <= KEPT * LARGEST);
      if (hello === undefined) continue;
      expectTrue('what was read is not what came', reader.takeReceived().equals(bytes.subarray(0, end)));
      return hello;
    }
  } catch (error) {
    if (error instanceof HelloFault) return error.message;
    throw error;
  }
  return undefined;
}

/** The first byte says where the bytes are cut. */
export const hellos: FuzzTarget = {
  name: 'hellos',
  covers: /tls-guard\/src\//,
  words: [
    '\x16\x03\x01', '\x01\0\0', '\x03\x03', '\0\0', '\0\0\0\x0e\0\x0c\0\0\x09localhost', '\0\x10\0\x05\0\x03\x02h2', '\xfe\x0d', '\0\x0d\0\x04\0\x02\x04\x03',
    'shop.example', '127.0.0.1', '\x13\x01', '\x20', '\x01\0',
  ], // prettier-ignore
  longest: 700,
  run: (input) => {
    const [cut = 0] = input;
    const bytes = input.subarray(1);
    const whole = read(bytes, []);
    const everywhere = Array.from(bytes, (_, index) => index).slice(1);
    expectEqual('cut once', read(bytes, [Math.floor((cut / 256) * bytes.length)]), whole);
    expectEqual('byte by byte', read(bytes, everywhere), whole);
    if (typeof whole !== 'object' || whole.serverName === undefined) return;
    expectTrue('an address is no name', !whole.hasAddress);
    expectTrue('a name that no host has', /^[!-~]+$/.test(whole.serverName));
  },
};
