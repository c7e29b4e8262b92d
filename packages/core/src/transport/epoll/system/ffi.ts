import { createRequire } from 'node:module';
import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import type { SockAddr } from '../../../base/address.ts';
import { ADDRESS_LENGTH, AF_INET, AF_INET6, AF_UNIX, decodeAddress, encodeAddress } from './socket-address.ts';
import { MAX_EVENTS, MOST_WAITED, RECEIVE_LENGTH, RECEIVED_LENGTH, STAGING_LENGTH } from './system.ts';
import type { LoopWatch, Pipe, SocketOption, System } from './system.ts';

// The whole unsafe surface of the transport: every call into libc. Besides duplicate-descriptor.ts, exit-now.ts, shared-memory.ts and
// unix-datagrams.ts this is the only file that knows koffi.
// It is safe for these reasons:
// - Bytes are passed as typed arrays and not as addresses. The exceptions are the receive buffer, the staging buffer and what
//   the most frequent calls take with them, all of which are made here and never freed.
// - Every length is checked against the array that it belongs to.
// - Every buffer that the kernel writes to is made here, once, and lives as long as the process.
// - No memory is handed to the kernel for longer than a call. The exception is the handle of `joinLoop`, which libuv keeps; it is
//   made with calloc(3) and never freed.

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const MSG_NOSIGNAL = 0x4000;
const MSG_DONTWAIT = 0x40;
const MSG_PEEK = 0x2;
const SHUT_WR = 1;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SOL_IP = 0;
const SOL_IPV6 = 41;
/** The same number on both levels: SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST. */
const ORIGINAL_DST = 80;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
/** The same number as TIOCOUTQ. */
const SIOCOUTQ = 0x5411;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const UV_POLL = 8;
const UV_READABLE = 1;
/** More than any pipe holds. */
const MOST_SPLICED = 64 * 1024 * 1024;

const EINVAL = constants.errno.EINVAL;
const ENAMETOOLONG = constants.errno.ENAMETOOLONG;

/** Taken before a test can install fake timers. */
const now = performance.now.bind(performance);

type Memory = Uint8Array | Int32Array | Uint32Array;
type Call<Parameters extends unknown[]> = (...parameters: Parameters) => number;

/** Loads koffi and finds the functions; throws when either is not there. */
export function loadSystem(): System {
  const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
  return new LinuxSystem(koffi);
}

const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** The index of `tcpi_unacked` in `struct tcp_info`, behind eight bytes and four words. */
const TCPI_UNACKED = 6;

class LinuxSystem implements System {
  readonly received: Buffer = Buffer.allocUnsafeSlow(RECEIVED_LENGTH);

  readonly staged: Buffer = Buffer.allocUnsafeSlow(STAGING_LENGTH);
  /**
   * The addresses of these two. A buffer of this kind has memory outside of the collected heap, which is never moved, and these
   * live as long as the process. They are passed as numbers because such a call costs less than one with an array. The same goes
   * for all whose names end with `At`.
   */
  readonly #receivedAt: number;
  readonly #stagedAt: number;
  /** `struct iovec`, twice: an address and a length, of eight bytes each. */
  readonly #vectors = new Uint32Array(new ArrayBuffer(8 * 4));
  readonly #vectorsAt: number;

  readonly #address = Buffer.allocUnsafeSlow(ADDRESS_LENGTH).fill(0);
  readonly #addressAt: number;
  readonly #addressLength = new Int32Array(new ArrayBuffer(4));
  readonly #addressLengthAt: number;
  readonly #peeked = Buffer.alloc(1);
  readonly #option = new Int32Array(new ArrayBuffer(4));
  readonly #optionAt: number;
  readonly #optionLength = new Int32Array(1);
  /** The beginning of `struct tcp_info`. */
  readonly #tcpInfo = new Uint32Array(new ArrayBuffer(32));
  /** `struct linger { int l_onoff, l_linger; }` */
  readonly #lingerZero = new Int32Array(new ArrayBuffer(8));
  readonly #lingerZeroAt: number;
  /** `struct epoll_event`: a mask of 4 bytes and 8 bytes of ours, which only x64 packs together. */
  readonly #eventWords = process.arch === 'x64' ? 3 : 4;
  readonly #ownWord = this.#eventWords - 2;
  readonly #events = new Uint32Array(new ArrayBuffer(MAX_EVENTS * this.#eventWords * 4));
  readonly #eventsAt: number;
  readonly #interest = new Uint32Array(new ArrayBuffer(this.#eventWords * 4));
  readonly #interestAt: number;
  readonly #pipe = new Int32Array(2);
  #sentFrom: Uint8Array = this.received;
  #sentStart = 0;
  #sentPart: Uint8Array = this.received;
  /** Events that the last `wait` filled in. */
  #filled = 0;

  readonly #libc: Koffi.LibraryHandle;
  readonly #errno: () => number;
  readonly #socket: Call<[family: number, type: number, protocol: number]>;
  readonly #bind: Call<[descriptor: number, address: number, length: number]>;
  readonly #connect: Call<[descriptor: number, address: number, length: number]>;
  readonly #listen: Call<[descriptor: number, backlog: number]>;
  readonly #accept: Call<[descriptor: number, address: number, length: number, flags: number]>;
  readonly #getsockname: Call<[descriptor: number, address: number, length: number]>;
  readonly #recv: Call<[descriptor: number, address: number, length: number, flags: number]>;
  readonly #peek: Call<[descriptor: number, byte: Buffer, length: number, flags: number]>;
  readonly #send: Call<[descriptor: number, bytes: Uint8Array, length: number, flags: number]>;
  readonly #sendFrom: Call<[descriptor: number, address: number, length: number, flags: number]>;
  readonly #writev: Call<[descriptor: number, vectors: number, count: number]>;
  readonly #shutdown: Call<[descriptor: number, how: number]>;
  readonly #setsockopt: Call<[descriptor: number, level: number, name: number, value: number, length: number]>;
  readonly #getsockopt: Call<[descriptor: number, level: number, name: number, value: Memory, length: Int32Array]>;
  readonly #close: Call<[descriptor: number]>;
  readonly #pipe2: Call<[ends: Int32Array, flags: number]>;
  readonly #fcntl: Call<[descriptor: number, command: number, value: number]>;
  readonly #ioctl: Call<[descriptor: number, request: number, value: number]>;
  readonly #splice: Call<[from: number, fromAt: null, to: number, toAt: null, length: number, flags: number]>;
  readonly #epollCreate: Call<[flags: number]>;
  readonly #epollCtl: Call<[epoll: number, operation: number, descriptor: number, event: number]>;
  readonly #epollWait: Call<[epoll: number, events: number, max: number, timeout: number]>;

  constructor(koffi: typeof Koffi) {
    const libc = koffi.load(null);
    const find = <Parameters extends unknown[]>(prototype: string): Call<Parameters> => libc.func(prototype);
    this.#libc = libc;
    this.#errno = koffi.errno;
    this.#socket = find('int socket(int family, int type, int protocol)');
    this.#bind = find('int bind(int descriptor, int64_t address, uint32_t length)');
    this.#connect = find('int connect(int descriptor, int64_t address, uint32_t length)');
    this.#listen = find('int listen(int descriptor, int backlog)');
    this.#accept = find('int accept4(int descriptor, int64_t address, int64_t length, int flags)');
    this.#getsockname = find('int getsockname(int descriptor, int64_t address, int64_t length)');
    this.#recv = find('int64_t recv(int descriptor, int64_t address, int64_t length, int flags)');
    this.#ioctl = find('int ioctl(int descriptor, uint64_t request, uintptr_t value)');
    this.#peek = find('int64_t recv(int descriptor, void *byte, int64_t length, int flags)');
    this.#send = find('int64_t send(int descriptor, void *bytes, int64_t length, int flags)');
    this.#sendFrom = find('int64_t send(int descriptor, int64_t address, int64_t length, int flags)');
    const memmove = find<[Memory, Memory, number]>('int64_t memmove(void *to, void *from, int64_t length)');
    const placeOf = (memory: Memory): number => memmove(memory, memory, 0);
    this.#receivedAt = placeOf(this.received);
    this.#stagedAt = placeOf(this.staged);
    this.#vectorsAt = placeOf(this.#vectors);
    this.#eventsAt = placeOf(this.#events);
    this.#addressAt = placeOf(this.#address);
    this.#addressLengthAt = placeOf(this.#addressLength);
    this.#optionAt = placeOf(this.#option);
    this.#lingerZeroAt = placeOf(this.#lingerZero);
    this.#lingerZero[0] = 1;
    this.#interestAt = placeOf(this.#interest);
    this.#writev = find('int64_t writev(int descriptor, int64_t vectors, int count)');
    this.#shutdown = find('int shutdown(int descriptor, int how)');
    this.#setsockopt = find('int setsockopt(int descriptor, int level, int name, int64_t value, uint32_t length)');
    this.#getsockopt = find('int getsockopt(int descriptor, int level, int name, void *value, void *length)');
    this.#close = find('int close(int descriptor)');
    this.#pipe2 = find('int pipe2(void *ends, int flags)');
    this.#fcntl = find('int fcntl(int descriptor, int command, int value)');
    this.#splice = find(
      'int64_t splice(int from, void *from_at, int to, void *to_at, int64_t length, unsigned int flags)',
    );
    this.#epollCreate = find('int epoll_create1(int flags)');
    this.#epollCtl = find('int epoll_ctl(int epoll, int operation, int descriptor, int64_t event)');
    this.#epollWait = find('int epoll_wait(int epoll, int64_t events, int max, int timeout)');
  }

  socket(family: SockAddr['family']): number {
    const domain = family === 'inet' ? AF_INET : family === 'inet6' ? AF_INET6 : AF_UNIX;
    return this.#result(this.#socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }

  bind(descriptor: number, address: SockAddr): number {
    const length = encodeAddress(address, this.#address);
    if (length === undefined) return unusable(address);
    return this.#result(this.#bind(descriptor, this.#addressAt, length));
  }

  connect(descriptor: number, address: SockAddr): number {
    const length = encodeAddress(address, this.#address);
    if (length === undefined) return unusable(address);
    return this.#result(this.#connect(descriptor, this.#addressAt, length));
  }

  listen(descriptor: number, backlog: number): number {
    return this.#result(this.#listen(descriptor, backlog));
  }

  adopt(descriptor: number): number {
    const flags = this.#result(this.#fcntl(descriptor, F_GETFL, 0));
    if (flags < 0) return flags;
    const result = this.#result(this.#fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
    return result < 0 ? result : this.#result(this.#fcntl(descriptor, F_SETFD, FD_CLOEXEC));
  }

  duplicate(descriptor: number): number {
    return this.#result(this.#fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  }

  accept(descriptor: number): number {
    this.#addressLength[0] = ADDRESS_LENGTH;
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    return this.#result(this.#accept(descriptor, this.#addressAt, this.#addressLengthAt, flags));
  }

  acceptedAddress(): SockAddr | undefined {
    return decodeAddress(this.#address, this.#addressLength[0] ?? 0);
  }

  localAddress(descriptor: number): SockAddr | undefined {
    this.#addressLength[0] = ADDRESS_LENGTH;
    if (this.#getsockname(descriptor, this.#addressAt, this.#addressLengthAt) !== 0) return undefined;
    return decodeAddress(this.#address, this.#addressLength[0] ?? 0);
  }

  originalDestination(descriptor: number, family: 'inet' | 'inet6'): SockAddr | number {
    const level = family === 'inet' ? SOL_IP : SOL_IPV6;
    this.#addressLength[0] = ADDRESS_LENGTH;
    const result = this.#getsockopt(descriptor, level, ORIGINAL_DST, this.#address, this.#addressLength);
    if (result < 0) return this.#result(result);
    return decodeAddress(this.#address, this.#addressLength[0] ?? 0) ?? -EINVAL;
  }

  receive(descriptor: number, at: number): number {
    if (!(at >= 0 && at + RECEIVE_LENGTH <= RECEIVED_LENGTH)) throw new RangeError(`Cannot receive to ${at}`);
    return this.#result(this.#recv(descriptor, this.#receivedAt + at, RECEIVE_LENGTH, MSG_DONTWAIT));
  }

  unacknowledged(descriptor: number): number {
    const result = this.#result(this.#ioctl(descriptor, SIOCOUTQ, this.#optionAt));
    return result < 0 ? result : (this.#option[0] ?? 0);
  }

  peek(descriptor: number): number {
    return this.#result(this.#peek(descriptor, this.#peeked, 1, MSG_DONTWAIT | MSG_PEEK));
  }

  send(descriptor: number, bytes: Uint8Array, start: number, end: number): number {
    // `isView` and `byteLength`, so that no byte beyond its memory is read, even if a caller without types passes something else.
    if (!ArrayBuffer.isView(bytes) || !(start >= 0 && start <= end && end <= bytes.byteLength)) {
      throw new RangeError(`Cannot send bytes ${start} to ${end} of ${bytes?.byteLength ?? 'nothing'}`);
    }
    const part = start === 0 ? bytes : this.#from(bytes, start);
    const length = end - start;
    // Elements are not bytes in other arrays than the type allows.
    if (length > part.byteLength) throw new RangeError(`Cannot send ${length} bytes of ${part.byteLength}`);
    return this.#result(this.#send(descriptor, part, length, MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  /** One view is kept, because messages are put together at the same place of the same memory again and again. */
  #from(bytes: Uint8Array, start: number): Uint8Array {
    if (bytes !== this.#sentFrom || start !== this.#sentStart) {
      this.#sentFrom = bytes;
      this.#sentStart = start;
      this.#sentPart = bytes.subarray(start);
    }
    return this.#sentPart;
  }

  sendStaged(descriptor: number, start: number, end: number): number {
    if (!(start >= 0 && start < end && end <= STAGING_LENGTH)) {
      throw new RangeError(`Cannot send the staged bytes ${start} to ${end}`);
    }
    return this.#result(this.#sendFrom(descriptor, this.#stagedAt + start, end - start, MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  /** A socket that is not blocking, and Node ignores SIGPIPE: `writev` needs no flags. */
  sendJoined(descriptor: number, start: number, end: number, from: number, to: number): number {
    if (!(start >= 0 && start <= end && end <= STAGING_LENGTH && from >= 0 && from < to && to <= RECEIVED_LENGTH)) {
      throw new RangeError(`Cannot send the staged bytes ${start} to ${end} with the received ${from} to ${to}`);
    }
    const first = start === end ? 1 : 0;
    if (first === 0) this.#setVector(0, this.#stagedAt + start, end - start);
    this.#setVector(1 - first, this.#receivedAt + from, to - from);
    return this.#result(this.#writev(descriptor, this.#vectorsAt, 2 - first));
  }

  #setVector(index: number, address: number, length: number): void {
    const at = index * 4;
    this.#vectors[at] = address % 2 ** 32;
    this.#vectors[at + 1] = Math.floor(address / 2 ** 32);
    this.#vectors[at + 2] = length;
    this.#vectors[at + 3] = 0;
  }

  finish(descriptor: number): number {
    return this.#result(this.#shutdown(descriptor, SHUT_WR));
  }

  setOption(descriptor: number, option: SocketOption, value: number): number {
    this.#option[0] = value;
    return this.#result(this.#setsockopt(descriptor, option.level, option.name, this.#optionAt, 4));
  }

  getOption(descriptor: number, option: SocketOption): number {
    this.#optionLength[0] = 4;
    const result = this.#getsockopt(descriptor, option.level, option.name, this.#option, this.#optionLength);
    return result < 0 ? this.#result(result) : (this.#option[0] ?? 0);
  }

  isAcceptQueueFull(descriptor: number): boolean {
    this.#optionLength[0] = this.#tcpInfo.byteLength;
    const result = this.#getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, this.#tcpInfo, this.#optionLength);
    // Of a listening socket, tcpi_unacked is the length of the queue, and tcpi_sacked the most that it may be.
    const [length = 0, most = 0] = this.#tcpInfo.subarray(TCPI_UNACKED);
    return result === 0 && most > 0 && length * 4 >= most * 3;
  }

  resetOnClose(descriptor: number): number {
    return this.#result(this.#setsockopt(descriptor, SOL_SOCKET, SO_LINGER, this.#lingerZeroAt, 8));
  }

  close(descriptor: number): number {
    return this.#result(this.#close(descriptor));
  }

  createPipe(length: number): Pipe | number {
    const result = this.#result(this.#pipe2(this.#pipe, O_NONBLOCK | O_CLOEXEC));
    if (result < 0) return result;
    const [read = -1, write = -1] = this.#pipe;
    // The system refuses when the user has too many pipes, and the pipe keeps its length.
    this.#fcntl(write, F_SETPIPE_SZ, length);
    return { read, write, length: this.#fcntl(write, F_GETPIPE_SZ, 0) };
  }

  splice(from: number, to: number, length: number): number {
    if (!(length > 0 && length <= MOST_SPLICED)) throw new RangeError(`Cannot splice ${length} bytes`);
    return this.#result(this.#splice(from, null, to, null, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
  }

  /** Only glibc has `malloc_trim`. */
  releaseMemory(): void {
    try {
      this.#libc.func('int malloc_trim(size_t kept)')(0);
    } catch {
      // Not there.
    }
  }

  createEpoll(): number {
    return this.#result(this.#epollCreate(EPOLL_CLOEXEC));
  }

  watch(epoll: number, descriptor: number, events: number, generation: number): number {
    return this.#control(epoll, EPOLL_CTL_ADD, descriptor, events, generation);
  }

  rewatch(epoll: number, descriptor: number, events: number, generation: number): number {
    return this.#control(epoll, EPOLL_CTL_MOD, descriptor, events, generation);
  }

  unwatch(epoll: number, descriptor: number): number {
    return this.#control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0);
  }

  #control(epoll: number, operation: number, descriptor: number, events: number, generation: number): number {
    this.#interest[0] = events;
    this.#interest[this.#ownWord] = descriptor;
    this.#interest[this.#ownWord + 1] = generation;
    return this.#result(this.#epollCtl(epoll, operation, descriptor, this.#interestAt));
  }

  wait(epoll: number, milliseconds: number): number {
    if (!(milliseconds >= 0 && milliseconds <= MOST_WAITED)) throw new RangeError(`Cannot wait ${milliseconds} ms`);
    const count = this.#result(this.#epollWait(epoll, this.#eventsAt, MAX_EVENTS, milliseconds));
    this.#filled = Math.max(count, 0);
    return count;
  }

  now(): number {
    return now();
  }

  eventMask(index: number): number {
    return this.#eventWord(index, 0);
  }

  eventDescriptor(index: number): number {
    return this.#eventWord(index, this.#ownWord);
  }

  eventGeneration(index: number): number {
    return this.#eventWord(index, this.#ownWord + 1);
  }

  joinLoop(epoll: number): LoopWatch {
    const libc = this.#libc;
    const loop: unknown = libc.func('void *uv_default_loop()')();
    const length: unknown = libc.func('size_t uv_handle_size(int type)')(UV_POLL);
    const handle: unknown = libc.func('void *calloc(size_t count, size_t length)')(1, length);
    const initialise: Call<[loop: unknown, handle: unknown, descriptor: number]> = libc.func(
      'int uv_poll_init(void *loop, void *handle, int descriptor)',
    );
    const start: Call<[handle: unknown, events: number, callback: unknown]> = libc.func(
      'int uv_poll_start(void *handle, int events, void *callback)',
    );
    // Its event only has to end the loop's wait, so libuv is given a function of its own without an effect to call.
    const nothing: unknown = libc.symbol('uv_is_active');
    const failed = handle === null ? -constants.errno.ENOMEM : initialise(loop, handle, epoll);
    const result = failed < 0 ? failed : start(handle, UV_READABLE, nothing);
    if (result < 0) throw new Error(`libuv does not watch an epoll set: errno ${-result}`);
    const ref: (handle: unknown) => void = libc.func('void uv_ref(void *handle)');
    const unref: (handle: unknown) => void = libc.func('void uv_unref(void *handle)');
    return { ref: () => ref(handle), unref: () => unref(handle) };
  }

  #eventWord(index: number, word: number): number {
    if (!(index >= 0 && index < this.#filled)) throw new RangeError(`There is no event ${index}`);
    return this.#events[index * this.#eventWords + word] ?? 0;
  }

  /** errno is read before anything else can change it. */
  #result(result: number): number {
    return result < 0 ? -this.#errno() : result;
  }
}

function unusable(address: SockAddr): number {
  return address.family === 'unix' && address.path.length > 100 ? -ENAMETOOLONG : -EINVAL;
}
