import type { TlsEngine } from '../base/tls-engine.ts';
import {
  OUTPUT_LENGTH,
  PLAIN_LENGTH,
  RECORD_LENGTH,
  TLS_1_3,
  WANT_READ,
  WANT_WRITE,
  WRITE_LENGTH,
  ZERO_RETURN,
} from './calls.ts';
import type { OpenSsl, OpenSslError, Side, SslPointer } from './calls.ts';
import type { Channel, ChannelUser } from './channel.ts';
import { faultOf, isOfTls } from './fault.ts';
import type { OpenSslFault } from './fault.ts';
import { OpenSslFacts } from './facts.ts';
import type { Lifetime } from './facts.ts';
import type { ContextTickets } from './tickets.ts';

/** What an engine needs of the context that made it. */
export interface EngineOwner {
  readonly side: Side;
  /** Whether sessions are bounded by what is known of their clients. */
  readonly boundsSessions?: boolean;
  /** For servers that have ticket keys. */
  readonly tickets: ContextTickets | undefined;
  /** Called when the first bytes after the handshake were decrypted: a session to resume may be there. */
  keepSession?(ssl: SslPointer, key: string): void;
  /** Called once: the engine is gone. */
  left(): void;
}

/**
 * - `handshake`: until `handshake()` says `done`
 * - `open`
 * - `ended`: the peer has sent close_notify; writing goes on
 * - `faulted`: of no use any more
 * - `freed`: every call does nothing
 */
type Stage = 'handshake' | 'open' | 'ended' | 'faulted' | 'freed';

/** What `write` costs beyond its bytes, for each record: head, nonce, tag and padding of any cipher. */
const RECORD_OVERHEAD = 512;
/** Bytes in the output from which on it is emptied before something other than data is written. */
const OUTPUT_RESERVE = 64 * 1024;

/** Bytes in front of each record, the last two of which are its length. */
const RECORD_HEAD = 5;

/** Milliseconds of a session that is worth a ticket. */
const SHORTEST_SESSION = 1_000;

const nothing = Buffer.alloc(0);

const outcomes = new Map<number, 'want-read' | 'want-write' | 'closed'>([
  [WANT_READ, 'want-read'],
  [WANT_WRITE, 'want-write'],
  [ZERO_RETURN, 'closed'],
]);

/**
 * TLS for one connection, without its socket: what was received goes in by `feed`, what is to be sent comes out by `takeCipher`. It
 * owns an SSL object, which `free` releases. After a call that can write, `takeCipher` is called until it says 0, and what it gave
 * is sent before any other engine is used; otherwise it is copied aside.
 */
export class OpenSslEngine implements TlsEngine, ChannelUser, Lifetime {
  readonly #calls: OpenSsl;
  readonly #channel: Channel;
  readonly #owner: EngineOwner;
  readonly #ssl: SslPointer;
  #stage: Stage = 'handshake';
  #fault: OpenSslFault | undefined = undefined;
  #facts: OpenSslFacts | undefined = undefined;
  /** Under which a client keeps its session, until it has done so. */
  #sessionKey: string | undefined;
  /** The former key of a ticket that the peer has sent. */
  #ticketKey: Uint8Array | undefined = undefined;
  #isShutDown = false;
  #isBounded = false;
  /** Received bytes that are not in the input. */
  #rest: Buffer | undefined = undefined;
  #restStart = 0;
  /** Bytes of a record of which OpenSSL has a part, where each is read by itself. */
  #recordRest = 0;
  /** What is to be sent before what is in the output. */
  #kept: Buffer[] = [];
  #cipher: Buffer;

  constructor(channel: Channel, owner: EngineOwner, ssl: SslPointer, sessionKey?: string) {
    this.#channel = channel;
    this.#calls = channel.calls;
    this.#owner = owner;
    this.#ssl = ssl;
    this.#sessionKey = sessionKey;
    this.#cipher = this.#calls.output;
  }

  /** Where `read` puts what it decrypts; one for all engines. */
  get plain(): Buffer {
    return this.#calls.plain;
  }

  /** What the last `takeCipher` gave, from its start on, until the next call of any engine. */
  get cipher(): Buffer {
    return this.#cipher;
  }

  /** Whether `read` may say something else than 0. */
  get hasInput(): boolean {
    return this.#stage !== 'open' || this.#rest !== undefined || this.#channel.hasInput(this);
  }

  /** Takes a copy of `bytes[start..end)`, which the peer has sent. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.#stage !== 'handshake' && this.#stage !== 'open') return;
    if (start >= end) return;
    this.#channel.enter(this);
    if (this.#stage === 'handshake') this.#ticketKey ??= this.#owner.tickets?.find(bytes, start, end);
    const isDirect = this.#rest === undefined && this.#calls.inputLength === 0 && !this.#readsByRecord;
    if (isDirect) start = this.#channel.fill(bytes, start, end);
    if (start < end) this.#keep(bytes.subarray(start, end));
  }

  #keep(bytes: Uint8Array): void {
    const before = this.#rest?.subarray(this.#restStart) ?? nothing;
    this.#rest = Buffer.concat([before, bytes]);
    this.#restStart = 0;
  }

  keepInput(bytes: Buffer): void {
    if (this.#stage !== 'handshake' && this.#stage !== 'open') return;
    if (this.#readsByRecord) this.#recordRest += bytes.length;
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([bytes, this.#rest.subarray(this.#restStart)]);
    this.#restStart = 0;
  }

  keepOutput(bytes: Buffer): void {
    this.#kept.push(bytes);
  }

  /** Whether there is something for OpenSSL to read. */
  #hasInput(): boolean {
    if (this.#calls.inputLength > 0) return true;
    const rest = this.#rest;
    if (rest === undefined) return false;
    const start = this.#restStart;
    const isByRecord = this.#readsByRecord;
    this.#restStart = this.#channel.fill(rest, start, isByRecord ? this.#endOfRecord(rest) : rest.length);
    if (isByRecord) this.#recordRest -= this.#restStart - start;
    if (this.#restStart === rest.length) this.#rest = undefined;
    return !isByRecord || this.#restStart > start;
  }

  /** So that a session is bounded between the certificates of the client and its last record, with which a server of TLS 1.2 makes the ticket. */
  get #readsByRecord(): boolean {
    return this.#stage === 'handshake' && this.#owner.boundsSessions === true;
  }

  /** The end of the record that `rest` goes on with, as far as it is there. */
  #endOfRecord(rest: Buffer): number {
    const start = this.#restStart;
    if (this.#recordRest === 0) {
      if (rest.length - start < RECORD_HEAD) return start;
      this.#recordRest = RECORD_HEAD + rest.readUInt16BE(start + RECORD_HEAD - 2);
    }
    return Math.min(rest.length, start + this.#recordRest);
  }

  #enter(): void {
    this.#channel.enter(this);
    if (this.#calls.outputLength > OUTPUT_RESERVE) this.#channel.makeRoom();
  }

  /** Begins the handshake or goes on with it. After `done` the input may hold data already. */
  handshake(): 'done' | 'want-read' | OpenSslFault {
    if (this.#stage !== 'handshake') return this.#fault ?? 'done';
    this.#enter();
    const { tickets } = this.#owner;
    tickets?.use(this.#ticketKey);
    this.#ticketKey = undefined;
    const outcome = this.#goOn();
    tickets?.use(undefined);
    return outcome;
  }

  #goOn(): 'done' | 'want-read' | OpenSslFault {
    for (;;) {
      this.#hasInput();
      const result = this.#calls.handshake(this.#ssl);
      if (result === 1) {
        this.#stage = 'open';
        if (this.#owner.boundsSessions === true) this.#sendTicket();
        // Nothing of it is left for other code of this thread that looks for its own errors.
        this.#calls.clearErrors();
        return 'done';
      }
      const outcome = this.#judge(result);
      if (outcome === 'closed') return this.#fail();
      if (this.#owner.boundsSessions === true) this.#boundSession();
      if (outcome === 'want-write') this.#channel.makeRoom();
      else if (outcome !== 'want-read' || !this.#hasInput()) return outcome;
    }
  }

  /**
   * A session lives no longer than the chain of its client, of which a ticket holds the first certificate only, and is not prolonged by being
   * resumed, because nothing verifies the chain then. TLS 1.2 sends its ticket within the handshake, and no further one: see `#boundSession`.
   */
  #sendTicket(): void {
    const calls = this.#calls;
    const ssl = this.#ssl;
    if (calls.versionOf(ssl) !== TLS_1_3) return;
    const life = Math.min(calls.sessionLifeOf(ssl), calls.chainLifeOf(ssl) ?? Infinity);
    if (life < SHORTEST_SESSION) return;
    calls.boundSession(ssl, life);
    if (calls.makeTicket(ssl)) calls.handshake(ssl);
  }

  /** The same of TLS 1.2, as soon as the chain of the client is verified. */
  #boundSession(): void {
    const calls = this.#calls;
    const ssl = this.#ssl;
    if (this.#isBounded || calls.versionOf(ssl) === TLS_1_3) return;
    const life = calls.chainLifeOf(ssl);
    if (life === undefined) return;
    this.#isBounded = true;
    calls.boundSession(ssl, Math.max(0, Math.min(calls.sessionLifeOf(ssl), life)));
  }

  /**
   * Decrypts what was fed into `plain`, as much as fits: the number of bytes. 0 says that more must be fed, and `closed` that the peer
   * has ended by close_notify. An end or a fault behind some bytes is told by the next call, and again by each one after it.
   */
  read(): number | 'closed' | OpenSslFault {
    if (this.#stage !== 'open') return this.#outcome();
    this.#enter();
    let length = 0;
    while (length <= PLAIN_LENGTH - RECORD_LENGTH && this.#hasInput()) {
      const result = this.#calls.read(this.#ssl, length);
      if (result > 0) {
        length += result;
        continue;
      }
      const outcome = this.#judge(result);
      if (outcome === 'want-write') this.#channel.makeRoom();
      else if (outcome === 'closed') this.#stage = 'ended';
      if (this.#stage !== 'open') break;
    }
    if (length === 0) return this.#outcome();
    if (this.#sessionKey !== undefined) this.#keepSession(this.#sessionKey);
    return length;
  }

  #outcome(): 0 | 'closed' | OpenSslFault {
    if (this.#stage === 'ended') return 'closed';
    return this.#fault ?? 0;
  }

  /** A server of TLS 1.3 sends tickets behind its handshake, in front of its first data. */
  #keepSession(key: string): void {
    this.#sessionKey = undefined;
    this.#owner.keepSession?.(this.#ssl, key);
  }

  /** Encrypts `bytes[start..end)` as a whole. After `shutdown` it does nothing. */
  write(bytes: Uint8Array, start: number, end: number): OpenSslFault | undefined {
    if (this.#stage === 'freed' || this.#isShutDown || start >= end) return undefined;
    if (this.#stage === 'faulted' || this.#stage === 'handshake') return this.#fault ?? this.#fail();
    if (end - start > WRITE_LENGTH) bytes = this.#apart(bytes);
    this.#channel.enter(this);
    for (let from = start; from < end;) {
      const to = Math.min(end, from + WRITE_LENGTH);
      const most = to - from + (1 + Math.ceil((to - from) / RECORD_LENGTH)) * RECORD_OVERHEAD;
      if (this.#calls.outputLength + most > OUTPUT_LENGTH) this.#channel.makeRoom();
      const result = this.#calls.write(this.#ssl, bytes, from, to);
      if (result !== to - from) return this.#refused(result);
      from = to;
    }
    return undefined;
  }

  /** What lies in the output, because it is the ciphertext of an engine within this one, is overwritten by the first part already. */
  #apart(bytes: Uint8Array): Uint8Array {
    return bytes.buffer === this.#calls.output.buffer ? Buffer.from(bytes) : bytes;
  }

  #refused(result: number): OpenSslFault {
    const outcome = this.#judge(result);
    return typeof outcome === 'object' ? outcome : this.#fail();
  }

  /** Moves what is to be sent to `cipher`: the number of bytes, and 0 when there is nothing (more). */
  takeCipher(): number {
    if (this.#kept.length > 0) return this.#takeKept();
    if (this.#stage === 'freed') return 0;
    this.#channel.enter(this);
    this.#cipher = this.#calls.output;
    return this.#calls.takeOutput();
  }

  #takeKept(): number {
    this.#cipher = this.#kept.shift() ?? nothing;
    return this.#cipher.length;
  }

  /** Writes close_notify: nothing can be written after it, but reading goes on. */
  shutdown(): void {
    if (this.#isShutDown || (this.#stage !== 'open' && this.#stage !== 'ended')) return;
    this.#isShutDown = true;
    this.#enter();
    const result = this.#calls.shutdown(this.#ssl);
    if (result < 0) this.#calls.clearErrors();
  }

  /** Releases the SSL object. What was not taken is gone. */
  free(): void {
    if (this.#stage === 'freed') return;
    this.#stage = 'freed';
    this.#rest = undefined;
    this.#kept = [];
    this.#channel.leave(this);
    this.#calls.freeConnection(this.#ssl);
    this.#owner.left();
  }

  /** @internal */
  get isFreed(): boolean {
    return this.#stage === 'freed';
  }

  /** Whether no peer waits for what is left to be sent after `done`: session tickets of TLS 1.3. */
  get endsWithTickets(): boolean {
    return this.#owner.side === 'server' && this.facts().version === 'TLSv1.3';
  }

  /** What the handshake made. Asked for the first time before `free`. */
  facts(): OpenSslFacts {
    if (this.#facts === undefined && this.isFreed) throw new Error('The TLS engine is freed.');
    return (this.#facts ??= new OpenSslFacts(this.#calls, this.#ssl, this));
  }

  #judge(result: number): 'want-read' | 'want-write' | 'closed' | OpenSslFault {
    const outcome = outcomes.get(this.#calls.errorOf(this.#ssl, result));
    if (outcome !== undefined) return outcome;
    // The queue of errors belongs to the thread: what other code left there looks like an error of this call. A received fatal alert
    // looks like an end without it.
    const errors = this.#calls.takeErrors();
    const again = outcomes.get(this.#calls.errorOf(this.#ssl, result));
    if (again === 'want-read' || (again === 'closed' && !errors.some(isOfTls))) return again;
    return this.#fail(errors);
  }

  #fail(errors: readonly OpenSslError[] = this.#calls.takeErrors()): OpenSslFault {
    const calls = this.#calls;
    const code = calls.verificationOf(this.#ssl);
    this.#stage = 'faulted';
    this.#rest = undefined;
    this.#fault = faultOf(errors, {
      sent: this.#clearAlert(),
      verification: code === 0 ? undefined : { code, text: calls.verificationText(code) },
      isTls13: calls.versionOf(this.#ssl) === TLS_1_3,
    });
    return this.#fault;
  }

  /** The fatal alert that was just written, if it is the only thing in the output and not encrypted. */
  #clearAlert(): number | undefined {
    const { outputLength, output } = this.#calls;
    if (outputLength === 0 || this.#kept.length > 0) return undefined;
    const isAlert = output[0] === 21 && output[3] === 0 && output[4] === 2 && output[5] === 2;
    return isAlert ? output[6] : undefined;
  }
}
