import { makeAuthority } from '../../../packages/tls/test-support/certificates.ts';
import { deliver, sent, testTls } from '../../../packages/tls/test-support/engines.ts';
import type { OpenSslEngine } from '../../../packages/tls/test-support/engines.ts';
import { expectEqual, expectTrue } from './expect.ts';
import type { FuzzTarget } from './target.ts';

/** Stands in an input for the next record that the peer has really sent. */
const GENUINE = '<record>';
/** What the peer writes, a record each. */
const TEXTS = ['first ', 'second ', 'third'];
const MOST_ROUNDS = 6;

/** Made by the first input: a worker has all targets in it. */
let made: ReturnType<typeof make> | undefined;

function make() {
  const { tls } = testTls();
  const authority = makeAuthority();
  const { chain, key } = authority.issue({ names: ['web.example'] });
  const contexts = (['1.2', '1.3'] as const).map((maxVersion) => ({
    server: tls.serverContext({ identity: { certificate: chain, key }, maxVersion }),
    client: tls.clientContext({ ca: [authority.cert], maxVersion }),
  }));
  return { tls, contexts };
}

interface Ends {
  readonly victim: OpenSslEngine;
  readonly peer: OpenSslEngine;
}

/** Goes on with a handshake, or reads: what it comes to. */
function goOn(engine: OpenSslEngine, isOpen: boolean, read: string[]): string {
  if (!isOpen) {
    const step = engine.handshake();
    return typeof step === 'object' ? step.reason : step;
  }
  for (;;) {
    const result = engine.read();
    if (typeof result === 'object') return result.reason;
    if (result === 0 || result === 'closed') return String(result);
    read.push(engine.plain.toString('latin1', 0, result));
  }
}

function shakeHands({ victim, peer }: Ends): void {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const outcomes = [victim.handshake()];
    deliver(victim, peer);
    outcomes.push(peer.handshake());
    deliver(peer, victim);
    if (outcomes.every((outcome) => outcome === 'done')) return;
  }
  throw new Error('two engines do not agree');
}

/** Feeds bytes in pieces of `most`, and says what they came to. */
function feed(victim: OpenSslEngine, isOpen: boolean, bytes: Buffer, most: number, read: string[]): string {
  let outcome = goOn(victim, isOpen, read);
  for (let at = 0; at < bytes.length; at += most) {
    victim.feed(bytes, at, Math.min(bytes.length, at + most));
    outcome = goOn(victim, isOpen, read);
  }
  return outcome;
}

/** The bytes of an input, with what the peer has really sent where the input says so. */
function withGenuine(input: Buffer, records: readonly Buffer[]): Buffer {
  const left = [...records];
  const parts = input.toString('latin1').split(GENUINE);
  return Buffer.concat(
    parts.flatMap((part, index) => [
      ...(index === 0 ? [] : [left.shift() ?? Buffer.alloc(0)]),
      Buffer.from(part, 'latin1'),
    ]),
  );
}

/** What comes of bytes that a side gets in pieces of `most`: during its handshake, or behind it. */
function outcomeOf(input: Buffer, setting: number, most: number): string {
  const { tls, contexts } = (made ??= make());
  const isOpen = (setting & 4) !== 0;
  const { server, client } = contexts[setting & 1] ?? contexts[0]!;
  const before = tls.living.connections;
  const [one, other] = [server.engine(), client.engine('web.example')];
  const ends = (setting & 2) === 0 ? { victim: one, peer: other } : { victim: other, peer: one };
  try {
    const read: string[] = [];
    const records: Buffer[] = [];
    if (isOpen) {
      shakeHands(ends);
      goOn(ends.victim, true, read);
      for (const text of TEXTS) {
        ends.peer.write(Buffer.from(text), 0, text.length);
        records.push(sent(ends.peer));
      }
    }
    const outcome = feed(ends.victim, isOpen, withGenuine(input, records), most, read);
    expectTrue('what was read is not what the peer has written', TEXTS.join('').startsWith(read.join('')));
    expectTrue('a handshake without its peer is done', isOpen || outcome !== 'done');
    expectTrue('more is sent than there is', sent(ends.victim).length < 64 * 1024);
    return `${outcome}, behind ${read.join('')}`;
  } finally {
    one.free();
    other.free();
    expectEqual('connections that are left', tls.living.connections, before);
  }
}

/** The first byte says which version it is (1), which side gets the bytes (2), and whether the handshake is done (4). */
export const tlsRecords: FuzzTarget = {
  name: 'tls-records',
  covers: /tls\/src\/openssl\//,
  words: [
    GENUINE, '\x16\x03\x01', '\x17\x03\x03', '\x15\x03\x03\0\x02\x02\x28', '\x15\x03\x03\0\x02\x01\0', '\x14\x03\x03\0\x01\x01', '\x16\x03\x03\0\x04\0\0\0\0',
    '\x01\0\0', '\x02\0\0', '\x03\x03', '\x13\x01', '\x13\x02', '\xc0\x2b', '\0\x2b\0\x03\x02\x03\x04', '\0\x0a\0\x04\0\x02\0\x1d', '\0\x17\0\0', '\0\x10',
  ], // prettier-ignore
  longest: 600,
  run: (input) => {
    const [setting = 0] = input;
    const bytes = input.subarray(1);
    const whole = outcomeOf(bytes, setting, Infinity);
    expectEqual('byte by byte', outcomeOf(bytes, setting, 1), whole);
  },
};
