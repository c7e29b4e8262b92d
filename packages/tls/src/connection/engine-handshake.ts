import { ignoreEvents } from '@inband/core';
import type { Connection, ConnectionHandler } from '@inband/core';
import type { TlsFacts } from '../base/facts.ts';
import { TlsHandshakeError } from '../base/handshake-error.ts';
import type { Handshake, HandshakeDone } from '../base/implementation.ts';
import { PeerCertificate } from '../base/peer-certificate.ts';
import { AcknowledgingEngineConnection, EngineConnection } from './engine-connection.ts';
import { handshakeError } from './failures.ts';
import type { EngineFacts, TlsEngine } from '../base/tls-engine.ts';

/**
 * - `going-on`: bytes of the peer are awaited.
 * - `failed`: the carrier was destroyed, and its `closed` is awaited.
 * - `over`: the caller was told, or has cancelled.
 */
type Stage = 'going-on' | 'failed' | 'over';

/** Makes the handshake of an engine over a carrier, both of which it owns until it is done. */
export class EngineHandshake implements Handshake, ConnectionHandler {
  readonly #carrier: Connection;
  readonly #engine: TlsEngine;
  readonly #done: HandshakeDone;
  #stage: Stage = 'going-on';
  #error: TlsHandshakeError | undefined = undefined;

  constructor(carrier: Connection, engine: TlsEngine, done: HandshakeDone) {
    this.#carrier = carrier;
    this.#engine = engine;
    this.#done = done;
  }

  /**
   * Begins, with what the peer has sent already. `done` is called later in any case: a handshake needs an answer of the peer, and a
   * failure is told when the carrier has closed.
   */
  begin(begun?: Uint8Array): this {
    this.#carrier.handler = this;
    if (begun !== undefined) this.#engine.feed(begun, 0, begun.length);
    this.#goOn();
    if (this.#stage === 'going-on') this.#carrier.resume();
    return this;
  }

  cancel(error?: Error): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#engine.free();
    this.#carrier.handler = ignoreEvents;
    this.#carrier.destroy(error);
  }

  data(bytes: Buffer, start: number, end: number): void {
    if (this.#stage !== 'going-on') return;
    this.#engine.feed(bytes, start, end);
    this.#goOn();
  }

  drained(): void {}

  ended(): void {
    this.#fail(new TlsHandshakeError('closed', 'The peer closed the connection during the handshake.'));
  }

  closed(error?: Error): void {
    if (this.#stage === 'over') return;
    const why = error === undefined ? '.' : `: ${error.message}`;
    const options = error === undefined ? {} : { cause: error };
    this.#error ??= new TlsHandshakeError('closed', `The connection ended during the handshake${why}`, options);
    this.#stage = 'over';
    this.#engine.free();
    this.#done(this.#error);
  }

  #goOn(): void {
    const outcome = this.#engine.handshake();
    if (outcome === 'done') return this.#finish();
    this.#send();
    if (outcome !== 'want-read') this.#fail(handshakeError(outcome));
  }

  #send(): void {
    const engine = this.#engine;
    for (let length = engine.takeCipher(); length > 0; length = engine.takeCipher()) {
      this.#carrier.write(engine.cipher, 0, length);
    }
  }

  #fail(error: TlsHandshakeError): void {
    if (this.#stage !== 'going-on') return;
    this.#stage = 'failed';
    this.#error = error;
    this.#engine.free();
    this.#carrier.destroy();
  }

  #finish(): void {
    const engine = this.#engine;
    this.#stage = 'over';
    // Something of the peer is there already, so there is going to be an answer, which tickets can leave with in one packet.
    const holdsBack = engine.endsWithTickets && engine.hasInput;
    if (!holdsBack) this.#send();
    this.#carrier.pause();
    connectionOver(this.#carrier, engine).handTo(this.#done, holdsBack);
  }
}

function connectionOver(carrier: Connection, engine: TlsEngine): EngineConnection {
  const facts = new Facts(engine.facts());
  return carrier.acknowledge === undefined
    ? new EngineConnection(carrier, engine, facts)
    : new AcknowledgingEngineConnection(carrier, engine, facts);
}

/** What an engine tells, with the certificate read when somebody asks. */
class Facts implements TlsFacts {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  readonly cipher: string;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  readonly #facts: EngineFacts;
  #peer: PeerCertificate | undefined = undefined;

  constructor(facts: EngineFacts) {
    this.version = facts.version;
    this.cipher = facts.cipher;
    this.alpn = facts.alpn;
    this.resumed = facts.resumed;
    this.#facts = facts;
  }

  get group(): string | undefined {
    return this.#facts.group;
  }

  get serverName(): string | undefined {
    return this.#facts.serverName;
  }

  get peer(): PeerCertificate | undefined {
    const der = this.#peer === undefined ? this.#facts.certificate : undefined;
    if (der !== undefined) this.#peer = new PeerCertificate(der);
    return this.#peer;
  }
}
