import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { INPUT_LENGTH, OUTPUT_LENGTH, PLAIN_LENGTH, RECORD_LENGTH, TICKET_KEY_LENGTH, WRITE_LENGTH } from './calls.ts';
import type {
  ContextPointer,
  Living,
  OpenSsl,
  OpenSslError,
  Pointer,
  SessionPointer,
  Side,
  SslPointer,
  StorePointer,
} from './calls.ts';

// The whole unsafe surface of this package: every call into the OpenSSL that Node's own binary carries. No other file of it knows
// koffi. It is safe for these reasons:
// - Every function is looked for before the first call, and the version of OpenSSL is one whose interface is known. What is assumed
//   of BIOs is tried out first (`#tryInput`, `#tryOutput`).
// - OpenSSL gets the addresses of memory that is made here, outside of the collected heap, and that lives as long as the process
//   (names that end with `At`), or a typed array that lives for the call. It keeps no address of ours beyond a call, except of
//   memory of the first kind.
// - Every length is checked against the array that it belongs to.
// - No call into OpenSSL calls back into JavaScript, except the choice of a protocol (ALPN), which catches everything and calls
//   one function of OpenSSL without an effect on the connection.
// - Pointers to objects come from OpenSSL and go back to it. Whoever has them frees them once (`checked-calls.ts` looks).

const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
const SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59;
const SSL_CTRL_CHAIN_CERT = 89;
const SSL_CTRL_SET_GROUPS_LIST = 92;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const SSL_CTRL_GET_NEGOTIATED_GROUP = 134;
/** The chain is what was given, and not what could be found. */
const SSL_MODE_NO_AUTO_CHAIN = 0x8;
const SSL_MODE_RELEASE_BUFFERS = 0x10;
const SSL_OP_NO_COMPRESSION = 2 ** 17;
const SSL_OP_NO_RENEGOTIATION = 2 ** 30;
const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_ALERT_FATAL = 2;
const OPENSSL_NPN_NEGOTIATED = 1;
const SSL_SENT_SHUTDOWN = 1;
const SSL_RECEIVED_SHUTDOWN = 2;
/**
 * Tickets behind a full handshake of TLS 1.3, as behind a resumed one: each connection gives its client what the next one takes. OpenSSL
 * makes two by default, and each costs 15 µs.
 */
const TICKETS = 1;
const BIO_C_SET_BUF_MEM = 114;
const BIO_C_SET_BUF_MEM_EOF_RETURN = 130;
const X509_V_FLAG_CRL_CHECK_ALL = 0x4 | 0x8;
/** Set in codes of the error queue that are numbers of the system (errno). */
const ERR_SYSTEM_FLAG = 0x8000_0000;
const SECONDS_OF_A_DAY = 86_400;

/** Bytes of `struct bio_bio_st`, and where the low halves of its `len` and `offset` are. */
const PAIR_LENGTH = 56;
const PAIR_LEN = 4;
const PAIR_OFFSET = 6;
/** Longer writes are not copied before they are encrypted. */
const CLEAR_LENGTH = 4096;

/** Works on every Uint8Array, and is not looked up each time. */
const { copy } = Buffer.prototype;

type Call<Parameters extends unknown[]> = (...parameters: Parameters) => number;
type Text<Parameters extends unknown[]> = (...parameters: Parameters) => string | null;
type OnePointer<Kind extends string> = Call<[pointer: Pointer<Kind>]>;

/** Loads koffi and looks for every function of OpenSSL; throws an error that says what is not as expected. */
export function loadCalls(): OpenSsl {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
  return new LinkedOpenSsl(koffi);
}

/** Memory that never moves and is never freed. */
interface Fixed {
  readonly bytes: Buffer;
  readonly at: number;
}

class LinkedOpenSsl implements OpenSsl {
  readonly version: string;
  readonly living = { contexts: 0, connections: 0, sessions: 0, stores: 0 } satisfies Living;
  readonly plain: Buffer;
  readonly output: Buffer;

  readonly #koffi: typeof Koffi;
  readonly #memmove: Call<[to: Uint8Array, from: Uint8Array, length: number]>;
  readonly #copy: Call<[to: number, from: number, length: number]>;
  readonly #fixed = new Set<Buffer>();
  readonly #plainAt: number;
  readonly #input: Fixed;
  /**
   * `struct buf_mem_st { size_t length; char *data; size_t max; unsigned long flags; }` (openssl/buffer.h): what the read BIO is to
   * read. BIO_s_mem gets it by BIO_set_mem_buf and, because it was made by BIO_new_mem_buf, only moves its start forward.
   */
  readonly #inputState: Uint32Array;
  /** Two words of 64 bits for addresses that functions return by pointers, as halves, because a BigInt is an object. */
  readonly #words: Uint32Array;
  readonly #wordsAt: number;
  /** For the name of a protocol (RFC 7301: at most 255 bytes). */
  readonly #name: Fixed;
  /** What is to be encrypted, where it is not in memory whose address is known: a copy costs half of what a view and its address do. */
  readonly #clear: Fixed;
  readonly #outputAt: number;
  readonly #outputMemory: ArrayBuffer;
  /**
   * `struct bio_bio_st { BIO *peer; int closed; size_t len, offset, size; char *buf; size_t request; }` (crypto/bio/bss_bio.c) of
   * `#writeBio`: `len` bytes that were written and not taken begin at `offset`. The structure is not public, so each of its fields is
   * compared at the start with what it must be.
   */
  readonly #outputState: Uint32Array;
  /** What all connections read from, and write to. Both live as long as the process. */
  readonly #readBio: number;
  readonly #writeBio: number;
  /** The other half of the pair that `#writeBio` belongs to. */
  readonly #outputBio: number;
  /** By address, because ciphers are in tables of OpenSSL that never change. */
  readonly #cipherNames = new Map<number, string>();
  /** By content. A context knows its list by the index, and no list is ever freed. */
  readonly #protocolLists: Fixed[] = [];
  #chooser: unknown = undefined;

  readonly #bioUpRef: Call<[bio: number]>;
  readonly #contextNew: Call<[method: number]>;
  readonly #contextFree: OnePointer<'SSL_CTX'>;
  readonly #contextCtrl: Call<[context: ContextPointer, command: number, number: number, argument: number]>;
  readonly #contextCtrlBytes: Call<[context: ContextPointer, command: number, number: number, argument: Uint8Array]>;
  readonly #contextCtrlText: Call<[context: ContextPointer, command: number, number: number, argument: string]>;
  readonly #setOptions: Call<[context: ContextPointer, options: number]>;
  readonly #setNumberOfTickets: Call<[context: ContextPointer, number: number]>;
  readonly #setCipherList: Call<[context: ContextPointer, names: string]>;
  readonly #setCipherSuites: Call<[context: ContextPointer, names: string]>;
  readonly #useCertificate: Call<[context: ContextPointer, length: number, certificate: Uint8Array]>;
  readonly #usePrivateKey: Call<[context: ContextPointer, key: number]>;
  readonly #checkPrivateKey: OnePointer<'SSL_CTX'>;
  readonly #setVerify: Call<[context: ContextPointer, mode: number, callback: null]>;
  readonly #setSessionIdContext: Call<[context: ContextPointer, id: Uint8Array, length: number]>;
  readonly #setStore: Call<[context: ContextPointer, store: StorePointer]>;
  readonly #addClientAuthority: Call<[context: ContextPointer, certificate: number]>;
  readonly #setAlpnProtocols: Call<[context: ContextPointer, protocols: Uint8Array, length: number]>;
  readonly #setAlpnChooser: Call<[context: ContextPointer, chooser: unknown, list: number]>;
  readonly #selectProtocol: Call<
    [out: number, outLength: number, ours: number, ourLength: number, theirs: number, theirLength: number]
  >;
  readonly #serverMethod: Call<[]>;
  readonly #clientMethod: Call<[]>;
  readonly #storeNew: Call<[]>;
  readonly #storeFree: OnePointer<'X509_STORE'>;
  readonly #storeAddCertificate: Call<[store: StorePointer, certificate: number]>;
  readonly #storeAddList: Call<[store: StorePointer, list: number]>;
  readonly #storeSetFlags: Call<[store: StorePointer, flags: number]>;
  readonly #certificateFromDer: Call<[reused: number, place: number, length: number]>;
  readonly #certificateFree: Call<[certificate: number]>;
  readonly #certificateToDer: Call<[certificate: number, place: number]>;
  readonly #listFromDer: Call<[reused: number, place: number, length: number]>;
  readonly #listFree: Call<[list: number]>;
  readonly #keyFromDer: Call<[reused: number, place: number, length: number]>;
  readonly #keyFree: Call<[key: number]>;
  readonly #new: Call<[context: ContextPointer]>;
  readonly #free: OnePointer<'SSL'>;
  readonly #setBio: Call<[ssl: SslPointer, read: number, write: number]>;
  readonly #setAcceptState: OnePointer<'SSL'>;
  readonly #setConnectState: OnePointer<'SSL'>;
  readonly #ctrl: Call<[ssl: SslPointer, command: number, number: number, argument: number]>;
  readonly #ctrlText: Call<[ssl: SslPointer, command: number, number: number, argument: string]>;
  readonly #handshake: OnePointer<'SSL'>;
  readonly #read: Call<[ssl: SslPointer, address: number, length: number]>;
  readonly #write: Call<[ssl: SslPointer, bytes: Uint8Array, length: number]>;
  readonly #writeFrom: Call<[ssl: SslPointer, address: number, length: number]>;
  readonly #shutdown: OnePointer<'SSL'>;
  readonly #setShutdown: Call<[ssl: SslPointer, state: number]>;
  readonly #getError: Call<[ssl: SslPointer, result: number]>;
  readonly #takeError: Call<[]>;
  readonly #clearErrors: Call<[]>;
  readonly #reasonText: Text<[code: number]>;
  readonly #versionOf: OnePointer<'SSL'>;
  readonly #cipherOf: OnePointer<'SSL'>;
  readonly #cipherName: Text<[cipher: number]>;
  readonly #groupName: Text<[ssl: SslPointer, group: number]>;
  readonly #serverNameOf: Text<[ssl: SslPointer, type: number]>;
  readonly #alpnOf: Call<[ssl: SslPointer, place: number, length: number]>;
  readonly #isResumed: OnePointer<'SSL'>;
  readonly #verificationOf: OnePointer<'SSL'>;
  readonly #verificationText: Text<[code: number]>;
  readonly #peerCertificate: OnePointer<'SSL'>;
  readonly #verifiedChain: OnePointer<'SSL'>;
  readonly #stackLength: Call<[stack: number]>;
  readonly #stackItem: Call<[stack: number, index: number]>;
  readonly #notAfter: Call<[x509: number]>;
  readonly #timeDifference: Call<[days: number, seconds: number, from: number, to: number]>;
  readonly #sessionOf: OnePointer<'SSL'>;
  readonly #sessionTime: Call<[session: number]>;
  readonly #sessionTimeout: Call<[session: number]>;
  readonly #setSessionTimeout: Call<[session: number, seconds: number]>;
  readonly #newTicket: OnePointer<'SSL'>;
  readonly #takeSession: OnePointer<'SSL'>;
  readonly #setSession: Call<[ssl: SslPointer, session: SessionPointer]>;
  readonly #freeSession: OnePointer<'SSL_SESSION'>;
  readonly #isResumable: OnePointer<'SSL_SESSION'>;

  constructor(koffi: typeof Koffi) {
    this.#koffi = koffi;
    const library = koffi.load(null);
    const find = <Parameters extends unknown[]>(prototype: string): Call<Parameters> => library.func(prototype);
    const findText = <Parameters extends unknown[]>(prototype: string): Text<Parameters> => library.func(prototype);
    this.version = requireVersion(
      find<[]>('uint64_t OpenSSL_version_num()')(),
      findText<[type: number]>('const char *OpenSSL_version(int type)')(0) ?? '',
    );
    this.#memmove = find('int64_t memmove(void *to, void *from, int64_t length)');
    this.#copy = find('int64_t memmove(int64_t to, int64_t from, int64_t length)');
    this.#bioUpRef = find('int BIO_up_ref(int64_t bio)');
    this.#serverMethod = find('int64_t TLS_server_method()');
    this.#clientMethod = find('int64_t TLS_client_method()');
    this.#contextNew = find('int64_t SSL_CTX_new(int64_t method)');
    this.#contextFree = find('void SSL_CTX_free(int64_t context)');
    this.#contextCtrl = find('int64_t SSL_CTX_ctrl(int64_t context, int command, int64_t number, int64_t argument)');
    this.#contextCtrlBytes = find('int64_t SSL_CTX_ctrl(int64_t context, int command, int64_t number, void *argument)');
    this.#contextCtrlText = find(
      'int64_t SSL_CTX_ctrl(int64_t context, int command, int64_t number, const char *argument)',
    );
    this.#setOptions = find('uint64_t SSL_CTX_set_options(int64_t context, uint64_t options)');
    this.#setNumberOfTickets = find('int SSL_CTX_set_num_tickets(int64_t context, size_t number)');
    this.#setCipherList = find('int SSL_CTX_set_cipher_list(int64_t context, const char *names)');
    this.#setCipherSuites = find('int SSL_CTX_set_ciphersuites(int64_t context, const char *names)');
    this.#useCertificate = find(
      'int SSL_CTX_use_certificate_ASN1(int64_t context, int length, const void *certificate)',
    );
    this.#usePrivateKey = find('int SSL_CTX_use_PrivateKey(int64_t context, int64_t key)');
    this.#checkPrivateKey = find('int SSL_CTX_check_private_key(int64_t context)');
    this.#setVerify = find('void SSL_CTX_set_verify(int64_t context, int mode, void *callback)');
    this.#setSessionIdContext = find(
      'int SSL_CTX_set_session_id_context(int64_t context, const void *id, unsigned int length)',
    );
    this.#setStore = find('void SSL_CTX_set1_cert_store(int64_t context, int64_t store)');
    this.#addClientAuthority = find('int SSL_CTX_add_client_CA(int64_t context, int64_t certificate)');
    this.#setAlpnProtocols = find(
      'int SSL_CTX_set_alpn_protos(int64_t context, const void *protocols, unsigned int length)',
    );
    this.#setAlpnChooser = find('void SSL_CTX_set_alpn_select_cb(int64_t context, void *chooser, int64_t list)');
    this.#selectProtocol = find(
      'int SSL_select_next_proto(int64_t out, int64_t out_length, int64_t ours, unsigned int our_length, int64_t theirs, unsigned int their_length)',
    );
    this.#storeNew = find('int64_t X509_STORE_new()');
    this.#storeFree = find('void X509_STORE_free(int64_t store)');
    this.#storeAddCertificate = find('int X509_STORE_add_cert(int64_t store, int64_t certificate)');
    this.#storeAddList = find('int X509_STORE_add_crl(int64_t store, int64_t list)');
    this.#storeSetFlags = find('int X509_STORE_set_flags(int64_t store, unsigned long flags)');
    this.#certificateFromDer = find('int64_t d2i_X509(int64_t reused, int64_t place, int64_t length)');
    this.#certificateFree = find('void X509_free(int64_t certificate)');
    this.#certificateToDer = find('int i2d_X509(int64_t certificate, int64_t place)');
    this.#listFromDer = find('int64_t d2i_X509_CRL(int64_t reused, int64_t place, int64_t length)');
    this.#listFree = find('void X509_CRL_free(int64_t list)');
    this.#keyFromDer = find('int64_t d2i_AutoPrivateKey(int64_t reused, int64_t place, int64_t length)');
    this.#keyFree = find('void EVP_PKEY_free(int64_t key)');
    this.#new = find('int64_t SSL_new(int64_t context)');
    this.#free = find('void SSL_free(int64_t ssl)');
    this.#setBio = find('void SSL_set_bio(int64_t ssl, int64_t read, int64_t write)');
    this.#setAcceptState = find('void SSL_set_accept_state(int64_t ssl)');
    this.#setConnectState = find('void SSL_set_connect_state(int64_t ssl)');
    this.#ctrl = find('int64_t SSL_ctrl(int64_t ssl, int command, int64_t number, int64_t argument)');
    this.#ctrlText = find('int64_t SSL_ctrl(int64_t ssl, int command, int64_t number, const char *argument)');
    this.#handshake = find('int SSL_do_handshake(int64_t ssl)');
    this.#read = find('int SSL_read(int64_t ssl, int64_t address, int length)');
    this.#write = find('int SSL_write(int64_t ssl, const void *bytes, int length)');
    this.#writeFrom = find('int SSL_write(int64_t ssl, int64_t address, int length)');
    this.#shutdown = find('int SSL_shutdown(int64_t ssl)');
    this.#setShutdown = find('void SSL_set_shutdown(int64_t ssl, int state)');
    this.#getError = find('int SSL_get_error(int64_t ssl, int result)');
    this.#takeError = find('uint64_t ERR_get_error()');
    this.#clearErrors = find('void ERR_clear_error()');
    this.#reasonText = findText('const char *ERR_reason_error_string(uint64_t code)');
    this.#versionOf = find('int SSL_version(int64_t ssl)');
    this.#cipherOf = find('int64_t SSL_get_current_cipher(int64_t ssl)');
    this.#cipherName = findText('const char *SSL_CIPHER_standard_name(int64_t cipher)');
    this.#groupName = findText('const char *SSL_group_to_name(int64_t ssl, int group)');
    this.#serverNameOf = findText('const char *SSL_get_servername(int64_t ssl, int type)');
    this.#alpnOf = find('void SSL_get0_alpn_selected(int64_t ssl, int64_t place, int64_t length)');
    this.#isResumed = find('int SSL_session_reused(int64_t ssl)');
    this.#verificationOf = find('int64_t SSL_get_verify_result(int64_t ssl)');
    this.#verificationText = findText('const char *X509_verify_cert_error_string(int64_t code)');
    this.#peerCertificate = find('int64_t SSL_get1_peer_certificate(int64_t ssl)');
    this.#verifiedChain = find('int64_t SSL_get0_verified_chain(int64_t ssl)');
    this.#stackLength = find('int OPENSSL_sk_num(int64_t stack)');
    this.#stackItem = find('int64_t OPENSSL_sk_value(int64_t stack, int index)');
    this.#notAfter = find('int64_t X509_get0_notAfter(int64_t x509)');
    this.#timeDifference = find('int ASN1_TIME_diff(int64_t days, int64_t seconds, int64_t from, int64_t to)');
    this.#sessionOf = find('int64_t SSL_get_session(int64_t ssl)');
    this.#sessionTime = find('long SSL_SESSION_get_time(int64_t session)');
    this.#sessionTimeout = find('long SSL_SESSION_get_timeout(int64_t session)');
    this.#setSessionTimeout = find('long SSL_SESSION_set_timeout(int64_t session, long seconds)');
    this.#newTicket = find('int SSL_new_session_ticket(int64_t ssl)');
    this.#takeSession = find('int64_t SSL_get1_session(int64_t ssl)');
    this.#setSession = find('int SSL_set_session(int64_t ssl, int64_t session)');
    this.#freeSession = find('void SSL_SESSION_free(int64_t session)');
    this.#isResumable = find('int SSL_SESSION_is_resumable(int64_t session)');

    const bioCtrl = find<[bio: number, command: number, number: number, argument: number]>(
      'int64_t BIO_ctrl(int64_t bio, int command, int64_t number, int64_t argument)',
    );
    const plain = this.#allocate(PLAIN_LENGTH);
    this.plain = plain.bytes;
    this.#plainAt = plain.at;
    this.#input = this.#allocate(INPUT_LENGTH);
    this.#clear = this.#allocate(CLEAR_LENGTH);
    this.#name = this.#allocate(255);
    const words = this.#allocate(16);
    this.#words = halves(words);
    this.#wordsAt = words.at;
    const state = this.#allocate(32);
    this.#inputState = halves(state);
    this.#readBio = find<[at: number, length: number]>('int64_t BIO_new_mem_buf(int64_t at, int length)')(
      this.#input.at,
      1,
    );
    this.#rewind(0);
    // 0 is BIO_NOCLOSE. Without input the BIO says "later" (-1) and not "end".
    bioCtrl(this.#readBio, BIO_C_SET_BUF_MEM, 0, state.at);
    bioCtrl(this.#readBio, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, 0);
    const newPair = find<[first: number, firstLength: number, second: number, secondLength: number]>(
      'int BIO_new_bio_pair(int64_t first, size_t first_length, int64_t second, size_t second_length)',
    );
    if (newPair(this.#wordsAt, OUTPUT_LENGTH, this.#wordsAt + 8, 1) !== 1) throw new Error('BIO_new_bio_pair failed');
    this.#writeBio = this.#word(0);
    this.#outputBio = this.#word(1);
    this.#tryInput(find('int BIO_read(int64_t bio, int64_t to, int length)'));
    const write = find<[bio: number, from: number, length: number]>(
      'int BIO_write(int64_t bio, int64_t from, int length)',
    );
    const nread = find<[bio: number, place: number, length: number]>(
      'int BIO_nread(int64_t bio, int64_t place, int length)',
    );
    const take = (): number => nread(this.#outputBio, this.#wordsAt, OUTPUT_LENGTH);
    this.#outputAt = this.#tryOutput((from, length) => write(this.#writeBio, from, length), take);
    const stateAt = find<[bio: number]>('int64_t BIO_get_data(int64_t bio)')(this.#writeBio);
    if (!(stateAt > 0)) throw new Error('a BIO pair has no state');
    this.#outputState = new Uint32Array(koffi.view(BigInt(stateAt), PAIR_LENGTH));
    this.#outputMemory = koffi.view(BigInt(this.#outputAt), OUTPUT_LENGTH);
    this.output = Buffer.from(this.#outputMemory);
    this.#tryOutputState((from, length) => write(this.#writeBio, from, length), take);
  }

  /** Made here and known for good: `koffi.view` and OpenSSL may have its address as long as the process lives. */
  #allocate(length: number): Fixed {
    const bytes = Buffer.allocUnsafeSlow(length).fill(0);
    this.#fixed.add(bytes);
    return { bytes, at: this.#memmove(bytes, bytes, 0) };
  }

  /** Reads a few bytes, and throws if what this file assumes of the input does not hold. */
  #tryInput(read: Call<[bio: number, to: number, length: number]>): void {
    const plain = this.plain.subarray(0, 5);
    this.setInput(Buffer.from('tried input'), 6, 11);
    const isRead = read(this.#readBio, this.#plainAt, 3) === 3 && plain.toString('latin1', 0, 3) === 'inp';
    if (!isRead || this.inputLength !== 2 || this.takeInput().toString('latin1') !== 'ut') {
      throw new Error('a BIO does not read from the memory that it was given');
    }
    if (read(this.#readBio, this.#plainAt, 3) !== -1) throw new Error('a BIO without input does not say "later"');
  }

  /** Where what is written can be seen: twice, because each output must begin at the same place once the one before was taken. */
  #tryOutput(write: (from: number, length: number) => number, take: () => number): number {
    let address = 0;
    for (let round = 0; round < 2; round++) {
      this.plain.write('tried', 'latin1');
      const isTaken = write(this.#plainAt, 5) === 5 && take() === 5;
      if (!isTaken || (round > 0 && this.#word(0) !== address)) throw new Error('a BIO pair does not give what it got');
      address = this.#word(0);
    }
    return address;
  }

  /** Takes output by its state alone, as `takeOutput` does, and compares both sides of the pair with it. */
  #tryOutputState(write: (from: number, length: number) => number, take: () => number): void {
    if (this.output.toString('latin1', 0, 5) !== 'tried') throw new Error('the memory of a BIO pair cannot be seen');
    this.#requireOutputState(0);
    for (const text of ['seen', 'seen again']) {
      this.plain.write(text, 'latin1');
      const isWritten = write(this.#plainAt, text.length) === text.length;
      this.#requireOutputState(text.length);
      const isTaken = this.takeOutput() === text.length && this.output.toString('latin1', 0, text.length) === text;
      this.#requireOutputState(0);
      if (!isWritten || !isTaken || take() > 0) throw new Error('the state of a BIO pair is not what it should be');
    }
    this.plain.write('more', 'latin1');
    if (write(this.#plainAt, 4) !== 4 || take() !== 4 || this.#word(0) !== this.#outputAt) {
      throw new Error('a BIO pair does not begin anew once its output was taken');
    }
  }

  /** Each field of the structure. */
  #requireOutputState(length: number): void {
    const state = this.#outputState;
    const word = (index: number): number => (state[2 * index] ?? 0) + (state[2 * index + 1] ?? 0) * 2 ** 32;
    const fields = [word(0), state[2], word(2), word(3), word(4), word(5)];
    const expected = [this.#outputBio, 0, length, 0, OUTPUT_LENGTH, this.#outputAt];
    if (fields.some((field, index) => field !== expected[index]))
      throw new Error('the state of a BIO pair is another one');
  }

  #word(index: 0 | 1): number {
    const words = this.#words;
    return (words[2 * index] ?? 0) + (words[2 * index + 1] ?? 0) * 2 ** 32;
  }

  #setWord(index: 0 | 1, value: number): void {
    this.#words[2 * index] = value % 2 ** 32;
    this.#words[2 * index + 1] = Math.floor(value / 2 ** 32);
  }

  get outputLength(): number {
    return this.#outputState[PAIR_LEN] ?? 0;
  }

  takeOutput(): number {
    const state = this.#outputState;
    const length = state[PAIR_LEN] ?? 0;
    if (length > OUTPUT_LENGTH || state[PAIR_OFFSET] !== 0) {
      throw new Error(`OpenSSL gave ${length} bytes at another place than before`);
    }
    state[PAIR_LEN] = 0;
    return length;
  }

  get inputLength(): number {
    return this.#inputState[0] ?? 0;
  }

  setInput(bytes: Uint8Array, start: number, end: number): void {
    checkRange(bytes, start, end, INPUT_LENGTH);
    copy.call(bytes, this.#input.bytes, 0, start, end);
    this.#rewind(end - start);
  }

  takeInput(): Buffer {
    const length = this.inputLength;
    const address = (this.#inputState[2] ?? 0) + (this.#inputState[3] ?? 0) * 2 ** 32;
    const start = address - this.#input.at;
    if (!(start >= 0 && start + length <= INPUT_LENGTH)) throw new Error(`OpenSSL read to ${start} of the input`);
    this.#rewind(0);
    return Buffer.from(this.#input.bytes.subarray(start, start + length));
  }

  #rewind(length: number): void {
    const { at } = this.#input;
    const state = this.#inputState;
    state[0] = length;
    state[2] = at % 2 ** 32;
    state[3] = Math.floor(at / 2 ** 32);
    state[4] = length;
  }

  newContext(side: Side): ContextPointer {
    const context = this.#contextNew(side === 'server' ? this.#serverMethod() : this.#clientMethod());
    const pointer = this.#made<'SSL_CTX'>(context, 'SSL_CTX_new');
    this.living.contexts++;
    this.#setOptions(pointer, SSL_OP_NO_RENEGOTIATION + SSL_OP_NO_COMPRESSION);
    this.#contextCtrl(pointer, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN, 0);
    // 0 is off: servers know sessions by tickets, and clients keep them in code of ours.
    this.#contextCtrl(pointer, SSL_CTRL_SET_SESS_CACHE_MODE, 0, 0);
    if (side === 'server') this.#setNumberOfTickets(pointer, TICKETS);
    return pointer;
  }

  freeContext(context: ContextPointer): void {
    this.living.contexts--;
    this.#contextFree(context);
  }

  setVersions(context: ContextPointer, least: number, most: number): boolean {
    const isLeast = this.#contextCtrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, least, 0) === 1;
    return isLeast && this.#contextCtrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, most, 0) === 1;
  }

  setCiphers(context: ContextPointer, names: string): boolean {
    return this.#setCipherList(context, names) === 1;
  }

  setCipherSuites(context: ContextPointer, names: string): boolean {
    return this.#setCipherSuites(context, names) === 1;
  }

  setGroups(context: ContextPointer, names: string): boolean {
    return this.#contextCtrlText(context, SSL_CTRL_SET_GROUPS_LIST, 0, names) === 1;
  }

  useCertificate(context: ContextPointer, certificate: Uint8Array): boolean {
    return this.#useCertificate(context, certificate.byteLength, certificate) === 1;
  }

  addToChain(context: ContextPointer, certificate: Uint8Array): boolean {
    // 1: the context takes a reference of its own.
    return this.#withCertificate(certificate, (x509) => this.#contextCtrl(context, SSL_CTRL_CHAIN_CERT, 1, x509) === 1);
  }

  usePrivateKey(context: ContextPointer, key: Uint8Array): boolean {
    const pkey = this.#parse(this.#keyFromDer, key);
    if (pkey === 0) return false;
    const isUsed = this.#usePrivateKey(context, pkey) === 1;
    this.#keyFree(pkey);
    return isUsed && this.#checkPrivateKey(context) === 1;
  }

  setVerification(context: ContextPointer, mode: number): void {
    this.#setVerify(context, mode, null);
  }

  setSessionContext(context: ContextPointer, id: Uint8Array): boolean {
    return this.#setSessionIdContext(context, id, id.byteLength) === 1;
  }

  announceAuthority(context: ContextPointer, certificate: Uint8Array): boolean {
    return this.#withCertificate(certificate, (x509) => this.#addClientAuthority(context, x509) === 1);
  }

  holdTickets(context: ContextPointer): void {
    this.#setNumberOfTickets(context, 0);
  }

  setTicketKey(context: ContextPointer, key: Uint8Array): boolean {
    if (key.byteLength !== TICKET_KEY_LENGTH) throw new RangeError(`A ticket key of ${key.byteLength} bytes`);
    return this.#contextCtrlBytes(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, TICKET_KEY_LENGTH, key) === 1;
  }

  offerProtocols(context: ContextPointer, protocols: Uint8Array): boolean {
    // Here 0 is success.
    return this.#setAlpnProtocols(context, protocols, protocols.byteLength) === 0;
  }

  chooseProtocols(context: ContextPointer, protocols: Uint8Array): void {
    let index = this.#protocolLists.findIndex(({ bytes }) => bytes.equals(protocols));
    if (index === -1) {
      const list = this.#allocate(protocols.byteLength);
      list.bytes.set(protocols);
      index = this.#protocolLists.push(list) - 1;
    }
    this.#chooser ??= this.#registerChooser();
    this.#setAlpnChooser(context, this.#chooser, index);
  }

  /** One for the process, because koffi has room for some thousands only. */
  #registerChooser(): unknown {
    const prototype = this.#koffi.proto('int', ['int64_t', 'int64_t', 'int64_t', 'int64_t', 'uint32_t', 'int64_t']);
    const choose = (
      _ssl: number,
      out: number,
      outLength: number,
      theirs: number,
      theirLength: number,
      index: number,
    ): number => {
      // An exception must not pass through the frames of OpenSSL.
      try {
        const ours = this.#protocolLists[index];
        if (ours === undefined) return SSL_TLSEXT_ERR_ALERT_FATAL;
        const result = this.#selectProtocol(out, outLength, ours.at, ours.bytes.length, theirs, theirLength);
        return result === OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
      } catch {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
      }
    };
    return this.#koffi.register(choose, this.#koffi.pointer(prototype));
  }

  newStore(): StorePointer {
    const store = this.#made<'X509_STORE'>(this.#storeNew(), 'X509_STORE_new');
    this.living.stores++;
    return store;
  }

  freeStore(store: StorePointer): void {
    this.living.stores--;
    this.#storeFree(store);
  }

  addAuthority(store: StorePointer, certificate: Uint8Array): boolean {
    return this.#withCertificate(certificate, (x509) => this.#storeAddCertificate(store, x509) === 1);
  }

  addRevocations(store: StorePointer, list: Uint8Array): boolean {
    const crl = this.#parse(this.#listFromDer, list);
    if (crl === 0) return false;
    const isAdded = this.#storeAddList(store, crl) === 1;
    this.#listFree(crl);
    return isAdded && this.#storeSetFlags(store, X509_V_FLAG_CRL_CHECK_ALL) === 1;
  }

  setStore(context: ContextPointer, store: StorePointer): void {
    this.#setStore(context, store);
  }

  newConnection(context: ContextPointer, side: Side): SslPointer {
    const ssl = this.#made<'SSL'>(this.#new(context), 'SSL_new');
    this.living.connections++;
    // SSL_set_bio takes over one reference of each.
    this.#bioUpRef(this.#readBio);
    this.#bioUpRef(this.#writeBio);
    this.#setBio(ssl, this.#readBio, this.#writeBio);
    if (side === 'server') this.#setAcceptState(ssl);
    else this.#setConnectState(ssl);
    return ssl;
  }

  freeConnection(ssl: SslPointer): void {
    this.living.connections--;
    // Otherwise a session that was kept could not be resumed, because this looks like an end by an error.
    this.#setShutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    this.#free(ssl);
  }

  setServerName(ssl: SslPointer, name: string): boolean {
    return this.#ctrlText(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, name) === 1;
  }

  handshake(ssl: SslPointer): number {
    return this.#handshake(ssl);
  }

  read(ssl: SslPointer, at: number): number {
    if (!(at >= 0 && at + RECORD_LENGTH <= PLAIN_LENGTH)) throw new RangeError(`Cannot decrypt to ${at}`);
    return this.#read(ssl, this.#plainAt + at, PLAIN_LENGTH - at);
  }

  write(ssl: SslPointer, bytes: Uint8Array, start: number, end: number): number {
    checkRange(bytes, start, end, WRITE_LENGTH);
    // What is decrypted is often encrypted for somebody else.
    if (bytes === this.plain) return this.#writeFrom(ssl, this.#plainAt + start, end - start);
    if (end - start <= CLEAR_LENGTH) {
      copy.call(bytes, this.#clear.bytes, 0, start, end);
      return this.#writeFrom(ssl, this.#clear.at, end - start);
    }
    let part = start === 0 ? bytes : bytes.subarray(start, end);
    // Otherwise OpenSSL would overwrite what it has still to read. This getter costs as much as a call.
    if (bytes.buffer === this.#outputMemory) part = Buffer.from(bytes.subarray(start, end));
    return this.#write(ssl, part, end - start);
  }

  shutdown(ssl: SslPointer): number {
    return this.#shutdown(ssl);
  }

  errorOf(ssl: SslPointer, result: number): number {
    return this.#getError(ssl, result);
  }

  takeErrors(): OpenSslError[] {
    const errors: OpenSslError[] = [];
    for (let code = this.#takeError(); code !== 0; code = this.#takeError()) {
      // A code of the system has a number of its own in place of library and reason.
      const isSystem = code >= ERR_SYSTEM_FLAG;
      const library = isSystem ? 0 : Math.floor(code / 2 ** 23) % 256;
      errors.push({ library, reason: code % 2 ** 23, text: this.#reasonText(code) ?? `error ${code.toString(16)}` });
    }
    return errors;
  }

  clearErrors(): void {
    this.#clearErrors();
  }

  versionOf(ssl: SslPointer): number {
    return this.#versionOf(ssl);
  }

  cipherOf(ssl: SslPointer): string | undefined {
    const cipher = this.#cipherOf(ssl);
    return cipher === 0 ? undefined : (this.#cipherNames.get(cipher) ?? this.#learnCipher(cipher));
  }

  #learnCipher(cipher: number): string | undefined {
    const name = this.#cipherName(cipher);
    if (name === null) return undefined;
    this.#cipherNames.set(cipher, name);
    return name;
  }

  groupOf(ssl: SslPointer): string | undefined {
    const group = this.#ctrl(ssl, SSL_CTRL_GET_NEGOTIATED_GROUP, 0, 0);
    return group === 0 ? undefined : (this.#groupName(ssl, group) ?? undefined);
  }

  serverNameOf(ssl: SslPointer): string | undefined {
    return this.#serverNameOf(ssl, 0) ?? undefined;
  }

  protocolOf(ssl: SslPointer): string | undefined {
    this.#setWord(1, 0);
    this.#alpnOf(ssl, this.#wordsAt, this.#wordsAt + 8);
    const length = this.#word(1);
    const { bytes, at } = this.#name;
    if (length === 0 || length > bytes.length) return undefined;
    this.#copy(at, this.#word(0), length);
    return bytes.toString('latin1', 0, length);
  }

  isResumed(ssl: SslPointer): boolean {
    return this.#isResumed(ssl) === 1;
  }

  verificationOf(ssl: SslPointer): number {
    return this.#verificationOf(ssl);
  }

  verificationText(code: number): string {
    return this.#verificationText(code) ?? `error ${code}`;
  }

  certificateOf(ssl: SslPointer): Buffer | undefined {
    const x509 = this.#peerCertificate(ssl);
    if (x509 === 0) return undefined;
    try {
      const length = this.#certificateToDer(x509, 0);
      if (length <= 0) return undefined;
      const der = Buffer.allocUnsafeSlow(length);
      this.#setWord(0, this.#memmove(der, der, 0));
      return this.#certificateToDer(x509, this.#wordsAt) === length ? der : undefined;
    } finally {
      this.#certificateFree(x509);
    }
  }

  chainLifeOf(ssl: SslPointer): number | undefined {
    const chain = this.#verifiedChain(ssl);
    const length = chain === 0 ? 0 : this.#stackLength(chain);
    let life: number | undefined;
    for (let index = 0; index < length; index += 1) {
      const certificate = this.#stackItem(chain, index);
      const left = certificate === 0 ? 0 : this.#lifeUntil(this.#notAfter(certificate));
      life = Math.min(life ?? left, left);
    }
    return life;
  }

  /** Milliseconds until a time of ASN.1. None if it cannot be read. */
  #lifeUntil(time: number): number {
    if (time === 0 || this.#timeDifference(this.#wordsAt, this.#wordsAt + 8, 0, time) !== 1) return 0;
    // Both are of 32 bits, and may be negative.
    const [days = 0, , seconds = 0] = this.#words;
    return ((days | 0) * SECONDS_OF_A_DAY + (seconds | 0)) * 1_000;
  }

  sessionLifeOf(ssl: SslPointer): number {
    const session = this.#sessionOf(ssl);
    if (session === 0) return 0;
    return (this.#sessionTime(session) + this.#sessionTimeout(session)) * 1_000 - Date.now();
  }

  boundSession(ssl: SslPointer, life: number): void {
    const session = this.#sessionOf(ssl);
    if (session !== 0) this.#setSessionTimeout(session, Math.floor(life / 1_000));
  }

  makeTicket(ssl: SslPointer): boolean {
    return this.#newTicket(ssl) === 1;
  }

  takeSession(ssl: SslPointer): SessionPointer | undefined {
    const pointer = this.#takeSession(ssl);
    if (pointer === 0) return undefined;
    const session = this.#made<'SSL_SESSION'>(pointer, 'SSL_get1_session');
    this.living.sessions++;
    if (this.#isResumable(session) === 1) return session;
    this.freeSession(session);
    return undefined;
  }

  setSession(ssl: SslPointer, session: SessionPointer): boolean {
    return this.#setSession(ssl, session) === 1;
  }

  freeSession(session: SessionPointer): void {
    this.living.sessions--;
    this.#freeSession(session);
  }

  #made<Kind extends string>(address: number, by: string): Pointer<Kind> {
    if (!Number.isSafeInteger(address) || address <= 0) throw new Error(`${by} gave no object (${address})`);
    // The only place where an address becomes a pointer.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return address as Pointer<Kind>;
  }

  #withCertificate(der: Uint8Array, use: (x509: number) => boolean): boolean {
    const x509 = this.#parse(this.#certificateFromDer, der);
    if (x509 === 0) return false;
    const result = use(x509);
    this.#certificateFree(x509);
    return result;
  }

  /** A function of the form `d2i_…(T **reused, const unsigned char **place, long length)`. */
  #parse(parse: Call<[reused: number, place: number, length: number]>, der: Uint8Array): number {
    // A copy that the collector does not move while its address is in use.
    const bytes = Buffer.allocUnsafeSlow(der.byteLength);
    bytes.set(der);
    this.#setWord(0, this.#memmove(bytes, bytes, 0));
    return parse(0, this.#wordsAt, bytes.length);
  }
}

function halves({ bytes }: Fixed): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** `isView` and `byteLength`, so that no byte beyond its memory is read, even if a caller without types passes something else. */
function checkRange(bytes: Uint8Array, start: number, end: number, most: number): void {
  if (!ArrayBuffer.isView(bytes) || !(start >= 0 && start < end && end <= bytes.byteLength && end - start <= most)) {
    throw new RangeError(`Cannot take bytes ${start} to ${end} of ${bytes?.byteLength ?? 'nothing'}`);
  }
}

/** E.g. 0x30500080 is 3.5.8: four bits of the major, eight of the minor version, eight bits of none, eight of the patch. */
function requireVersion(number: number, text: string): string {
  const version = `${number >>> 28}.${(number >>> 20) & 0xff}.${(number >>> 4) & 0xff}`;
  if (!text.startsWith('OpenSSL ')) throw new Error(`it is not OpenSSL but "${text}"`);
  if (number >>> 28 !== 3) throw new Error(`its version is ${version} and not 3`);
  const own = process.versions.openssl.split(/[+-]/)[0];
  if (own !== version) throw new Error(`its version is ${version}, and that of Node.js ${process.versions.openssl}`);
  return version;
}
