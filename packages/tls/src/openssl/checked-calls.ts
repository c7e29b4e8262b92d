import { INPUT_LENGTH, PLAIN_LENGTH, RECORD_LENGTH, TICKET_KEY_LENGTH, WRITE_LENGTH } from './calls.ts';
import type {
  ContextPointer,
  Living,
  OpenSsl,
  OpenSslError,
  SessionPointer,
  Side,
  SslPointer,
  StorePointer,
} from './calls.ts';

/** Milliseconds that a session may last: a week, as TLS 1.3 has it. */
const LONGEST_SESSION = 604_800_000;

/**
 * Calls that check their callers and OpenSSL, for tests (`INBAND_TLS_CHECK=1`): each pointer was made here and is not freed, each
 * bound holds, each result is one that the function can have, and the input and the output are used for one connection at a time.
 * What they find wrong is a bug of this package and ends the process.
 */
export class CheckedOpenSsl implements OpenSsl {
  readonly version: string;
  readonly plain: Buffer;
  readonly output: Buffer;
  readonly #calls: OpenSsl;
  readonly #contexts = new Set<ContextPointer>();
  readonly #stores = new Set<StorePointer>();
  /** Living connections, with their context. */
  readonly #connections = new Map<SslPointer, ContextPointer>();
  /** How often each session was taken and not freed yet: OpenSSL gives the same address again. */
  readonly #sessions = new Map<SessionPointer, number>();
  /** Whose bytes the input has, if there are any, once OpenSSL has read some of them. */
  #reader: SslPointer | undefined = undefined;
  /** Whose bytes the output has, if there are any. */
  #writer: SslPointer | undefined = undefined;

  constructor(calls: OpenSsl) {
    this.#calls = calls;
    this.version = calls.version;
    this.plain = calls.plain;
    this.output = calls.output;
    demand(this.plain.length === PLAIN_LENGTH, 'the buffer of what is decrypted has another length');
  }

  get living(): Living {
    const { living } = this.#calls;
    demand(living.contexts === this.#contexts.size, `${living.contexts} contexts are counted`);
    demand(living.connections === this.#connections.size, `${living.connections} connections are counted`);
    return living;
  }

  get outputLength(): number {
    const length = this.#calls.outputLength;
    demand(Number.isInteger(length) && length >= 0 && length <= this.output.length, `an output of ${length} bytes`);
    return length;
  }

  takeOutput(): number {
    const { outputLength } = this;
    const length = this.#calls.takeOutput();
    demand(length === outputLength && this.outputLength === 0, `an output of ${length} bytes that was not there`);
    demand(length === 0 || isRecordType(this.output[0]), `an output that begins with ${this.output[0]}`);
    this.#writer = undefined;
    return length;
  }

  get inputLength(): number {
    const length = this.#calls.inputLength;
    demand(Number.isInteger(length) && length >= 0 && length <= INPUT_LENGTH, `an input of ${length} bytes`);
    return length;
  }

  setInput(bytes: Uint8Array, start: number, end: number): void {
    demand(this.inputLength === 0, 'an input over one that is not read yet');
    isPart(bytes, start, end, INPUT_LENGTH);
    this.#reader = undefined;
    this.#calls.setInput(bytes, start, end);
    demand(this.inputLength === end - start, 'an input of another length');
  }

  takeInput(): Buffer {
    const length = this.inputLength;
    const bytes = this.#calls.takeInput();
    demand(bytes.length === length && this.inputLength === 0, 'an input that stays');
    return bytes;
  }

  newContext(side: Side): ContextPointer {
    return made(this.#contexts, this.#calls.newContext(side));
  }

  freeContext(context: ContextPointer): void {
    demand(this.#contexts.delete(context), 'a context is freed that is not ours');
    this.#calls.freeContext(context);
  }

  setVersions(context: ContextPointer, least: number, most: number): boolean {
    return this.#context(context).setVersions(context, least, most);
  }

  setCiphers(context: ContextPointer, names: string): boolean {
    return this.#context(context).setCiphers(context, names);
  }

  setCipherSuites(context: ContextPointer, names: string): boolean {
    return this.#context(context).setCipherSuites(context, names);
  }

  setGroups(context: ContextPointer, names: string): boolean {
    return this.#context(context).setGroups(context, names);
  }

  useCertificate(context: ContextPointer, certificate: Uint8Array): boolean {
    return this.#context(context).useCertificate(context, certificate);
  }

  addToChain(context: ContextPointer, certificate: Uint8Array): boolean {
    return this.#context(context).addToChain(context, certificate);
  }

  usePrivateKey(context: ContextPointer, key: Uint8Array): boolean {
    return this.#context(context).usePrivateKey(context, key);
  }

  setVerification(context: ContextPointer, mode: number): void {
    demand(mode === 0 || mode === 1 || mode === 3, `a verification of the mode ${mode}`);
    this.#context(context).setVerification(context, mode);
  }

  setSessionContext(context: ContextPointer, id: Uint8Array): boolean {
    demand(id.byteLength > 0 && id.byteLength <= 32, `an id of ${id.byteLength} bytes`);
    return this.#context(context).setSessionContext(context, id);
  }

  announceAuthority(context: ContextPointer, certificate: Uint8Array): boolean {
    return this.#context(context).announceAuthority(context, certificate);
  }

  holdTickets(context: ContextPointer): void {
    this.#context(context).holdTickets(context);
  }

  setTicketKey(context: ContextPointer, key: Uint8Array): boolean {
    demand(key.byteLength === TICKET_KEY_LENGTH, `a ticket key of ${key.byteLength} bytes`);
    const isSet = this.#context(context).setTicketKey(context, key);
    demand(isSet, 'a ticket key was refused');
    return isSet;
  }

  offerProtocols(context: ContextPointer, protocols: Uint8Array): boolean {
    return this.#context(context).offerProtocols(context, protocols);
  }

  chooseProtocols(context: ContextPointer, protocols: Uint8Array): void {
    this.#context(context).chooseProtocols(context, protocols);
  }

  newStore(): StorePointer {
    return made(this.#stores, this.#calls.newStore());
  }

  freeStore(store: StorePointer): void {
    demand(this.#stores.delete(store), 'a store is freed that is not ours');
    this.#calls.freeStore(store);
  }

  addAuthority(store: StorePointer, certificate: Uint8Array): boolean {
    return this.#store(store).addAuthority(store, certificate);
  }

  addRevocations(store: StorePointer, list: Uint8Array): boolean {
    return this.#store(store).addRevocations(store, list);
  }

  setStore(context: ContextPointer, store: StorePointer): void {
    this.#store(store);
    this.#context(context).setStore(context, store);
  }

  newConnection(context: ContextPointer, side: Side): SslPointer {
    const ssl = this.#context(context).newConnection(context, side);
    demand(!this.#connections.has(ssl), `the connection ${ssl} was given out twice`);
    this.#connections.set(ssl, context);
    return ssl;
  }

  freeConnection(ssl: SslPointer): void {
    demand(this.#connections.delete(ssl), 'a connection is freed that is not ours');
    demand(this.#writer !== ssl || this.outputLength === 0, 'a connection is freed that has output');
    demand(this.#reader !== ssl || this.inputLength === 0, 'a connection is freed that has input');
    if (this.#writer === ssl) this.#writer = undefined;
    if (this.#reader === ssl) this.#reader = undefined;
    this.#calls.freeConnection(ssl);
  }

  setServerName(ssl: SslPointer, name: string): boolean {
    return this.#connection(ssl).setServerName(ssl, name);
  }

  handshake(ssl: SslPointer): number {
    const calls = this.#use(ssl);
    return this.#used(ssl, calls.handshake(ssl), 1);
  }

  read(ssl: SslPointer, at: number): number {
    demand(Number.isInteger(at) && at >= 0 && at + RECORD_LENGTH <= PLAIN_LENGTH, `decrypting to ${at}`);
    const calls = this.#use(ssl);
    return this.#used(ssl, calls.read(ssl, at), RECORD_LENGTH);
  }

  write(ssl: SslPointer, bytes: Uint8Array, start: number, end: number): number {
    isPart(bytes, start, end, WRITE_LENGTH);
    const calls = this.#use(ssl);
    const result = this.#used(ssl, calls.write(ssl, bytes, start, end), end - start);
    demand(result <= 0 || result === end - start, `encrypted ${result} of ${end - start} bytes`);
    demand(result <= 0 || this.outputLength > 0, 'nothing was written');
    return result;
  }

  shutdown(ssl: SslPointer): number {
    const calls = this.#use(ssl);
    return this.#used(ssl, calls.shutdown(ssl), 1);
  }

  errorOf(ssl: SslPointer, result: number): number {
    const error = this.#connection(ssl).errorOf(ssl, result);
    demand(error >= 1 && error <= 12, `the error ${error}`);
    return error;
  }

  takeErrors(): OpenSslError[] {
    return this.#calls.takeErrors();
  }

  clearErrors(): void {
    this.#calls.clearErrors();
  }

  versionOf(ssl: SslPointer): number {
    return this.#connection(ssl).versionOf(ssl);
  }

  cipherOf(ssl: SslPointer): string | undefined {
    return this.#connection(ssl).cipherOf(ssl);
  }

  groupOf(ssl: SslPointer): string | undefined {
    return this.#connection(ssl).groupOf(ssl);
  }

  serverNameOf(ssl: SslPointer): string | undefined {
    return this.#connection(ssl).serverNameOf(ssl);
  }

  protocolOf(ssl: SslPointer): string | undefined {
    return this.#connection(ssl).protocolOf(ssl);
  }

  isResumed(ssl: SslPointer): boolean {
    return this.#connection(ssl).isResumed(ssl);
  }

  verificationOf(ssl: SslPointer): number {
    return this.#connection(ssl).verificationOf(ssl);
  }

  verificationText(code: number): string {
    return this.#calls.verificationText(code);
  }

  certificateOf(ssl: SslPointer): Buffer | undefined {
    const der = this.#connection(ssl).certificateOf(ssl);
    demand(der === undefined || der[0] === 0x30, 'a certificate that is no sequence');
    return der;
  }

  chainLifeOf(ssl: SslPointer): number | undefined {
    return this.#connection(ssl).chainLifeOf(ssl);
  }

  sessionLifeOf(ssl: SslPointer): number {
    return this.#connection(ssl).sessionLifeOf(ssl);
  }

  boundSession(ssl: SslPointer, life: number): void {
    demand(life >= 0 && life <= LONGEST_SESSION, `a session for ${life} ms`);
    this.#connection(ssl).boundSession(ssl, life);
  }

  makeTicket(ssl: SslPointer): boolean {
    return this.#connection(ssl).makeTicket(ssl);
  }

  takeSession(ssl: SslPointer): SessionPointer | undefined {
    const session = this.#connection(ssl).takeSession(ssl);
    if (session !== undefined) this.#sessions.set(session, (this.#sessions.get(session) ?? 0) + 1);
    return session;
  }

  setSession(ssl: SslPointer, session: SessionPointer): boolean {
    demand(this.#sessions.has(session), 'the session is not ours');
    return this.#connection(ssl).setSession(ssl, session);
  }

  freeSession(session: SessionPointer): void {
    const count = this.#sessions.get(session) ?? 0;
    demand(count > 0, 'a session is freed that is not ours');
    if (count === 1) this.#sessions.delete(session);
    else this.#sessions.set(session, count - 1);
    this.#calls.freeSession(session);
  }

  #context(context: ContextPointer): OpenSsl {
    demand(this.#contexts.has(context), `the context ${context} is not ours, or is freed`);
    return this.#calls;
  }

  #store(store: StorePointer): OpenSsl {
    demand(this.#stores.has(store), `the store ${store} is not ours, or is freed`);
    return this.#calls;
  }

  #connection(ssl: SslPointer): OpenSsl {
    const context = this.#connections.get(ssl);
    demand(context !== undefined, `the connection ${ssl} is not ours, or is freed`);
    demand(this.#contexts.has(context), `the context of the connection ${ssl} is freed`);
    return this.#calls;
  }

  /** Before a call that reads the input and writes to the output. */
  #use(ssl: SslPointer): OpenSsl {
    const calls = this.#connection(ssl);
    const isInputForeign = this.#reader !== undefined && this.#reader !== ssl && this.inputLength > 0;
    demand(!isInputForeign, 'the input belongs to another connection');
    const isOutputForeign = this.#writer !== undefined && this.#writer !== ssl && this.outputLength > 0;
    demand(!isOutputForeign, 'the output belongs to another connection');
    return calls;
  }

  /** After such a call. */
  #used(ssl: SslPointer, result: number, most: number): number {
    demand(Number.isInteger(result) && result <= most, `the result ${result}`);
    this.#reader = this.inputLength > 0 ? ssl : undefined;
    this.#writer = this.outputLength > 0 ? ssl : undefined;
    demand(this.outputLength === 0 || isRecordType(this.output[0]), `an output that begins with ${this.output[0]}`);
    return result;
  }
}

function made<Pointer extends number>(all: Set<Pointer>, pointer: Pointer): Pointer {
  demand(!all.has(pointer), `the address ${pointer} was given out twice`);
  all.add(pointer);
  return pointer;
}

function isPart(bytes: Uint8Array, start: number, end: number, most: number): void {
  demand(bytes instanceof Uint8Array && bytes.buffer.byteLength >= bytes.byteOffset + bytes.length, 'no bytes');
  const whole = Number.isInteger(start) && Number.isInteger(end) && end - start <= most;
  demand(whole && start >= 0 && start < end && end <= bytes.length, `bytes ${start} to ${end} of ${bytes.length}`);
}

/** Of change_cipher_spec to application_data. */
function isRecordType(type: number | undefined): boolean {
  return type !== undefined && type >= 20 && type <= 23;
}

function demand(holds: boolean, what: string): asserts holds {
  if (holds) return;
  // An exception might be caught, and the process go on with broken memory.
  console.error(new Error(`The calls into OpenSSL are broken: ${what}`));
  process.abort();
}
