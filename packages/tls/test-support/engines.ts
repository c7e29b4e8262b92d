import type { OpenSsl, SslPointer } from '../src/openssl/calls.ts';
import { CheckedOpenSsl } from '../src/openssl/checked-calls.ts';
import type { OpenSslEngine } from '../src/openssl/engine.ts';
import { loadCalls } from '../src/openssl/ffi.ts';
import { OpenSslTls } from '../src/openssl/openssl.ts';

export type { OpenSslEngine };

/** TLS with every call checked twice. For its last connection there is what no code of ours does (foreign-calls.ts). */
export interface TestTls {
  readonly tls: OpenSslTls;
  readonly calls: OpenSsl;
  /** The SSL object that was made last. */
  readonly lastConnection: () => SslPointer;
}

export function testTls(): TestTls {
  const calls: OpenSsl = new CheckedOpenSsl(loadCalls());
  let last: SslPointer | undefined = undefined;
  const make = calls.newConnection.bind(calls);
  calls.newConnection = (context, side) => {
    const ssl = make(context, side);
    last = ssl;
    return ssl;
  };
  const lastConnection = () => {
    if (last === undefined) throw new Error('no connection');
    return last;
  };
  return { tls: new OpenSslTls(calls), calls, lastConnection };
}

/** Everything that an engine has to send, as one copy. */
export function sent(engine: OpenSslEngine): Buffer {
  const parts: Buffer[] = [];
  for (let length = engine.takeCipher(); length > 0; length = engine.takeCipher()) {
    parts.push(Buffer.from(engine.cipher.subarray(0, length)));
  }
  return Buffer.concat(parts);
}

/** Gives what one engine has to send to the other: how many bytes there were. */
export function deliver(from: OpenSslEngine, to: OpenSslEngine): number {
  const bytes = sent(from);
  to.feed(bytes, 0, bytes.length);
  return bytes.length;
}

type Step = ReturnType<OpenSslEngine['handshake']>;

/** Goes through the handshake until both are done, or one of them fails; then the other gets its alert. */
export function shakeHands(client: OpenSslEngine, server: OpenSslEngine): { client: Step; server: Step } {
  const outcome: { client: Step; server: Step } = { client: 'want-read', server: 'want-read' };
  for (let round = 0; round < 6; round++) {
    outcome.client = client.handshake();
    deliver(client, server);
    outcome.server = server.handshake();
    deliver(server, client);
    if (outcome.client === 'done' && outcome.server === 'done') break;
  }
  return outcome;
}

/** Everything that can be decrypted now, and what is behind it. */
export function readAll(engine: OpenSslEngine): { bytes: Buffer; end: ReturnType<OpenSslEngine['read']> } {
  const parts: Buffer[] = [];
  for (;;) {
    const result = engine.read();
    if (typeof result !== 'number' || result === 0) return { bytes: Buffer.concat(parts), end: result };
    parts.push(Buffer.from(engine.plain.subarray(0, result)));
  }
}

export function write(engine: OpenSslEngine, text: string): ReturnType<OpenSslEngine['write']> {
  const bytes = Buffer.from(text);
  return engine.write(bytes, 0, bytes.length);
}
