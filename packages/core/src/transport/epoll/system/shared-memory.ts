import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

// Besides ffi.ts and exit-now.ts this is the only file that knows koffi. It is safe because the mapping is never taken back: no
// view of it can outlive it. The caller sees to it that the file has the bytes that it touches, because the kernel ends a process
// with SIGBUS that touches others.

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;

/**
 * Maps `length` bytes of an open file from `offset` on, which is a multiple of a page: what one process writes there all processes
 * read that map it, without a system call. It stays mapped until the process ends. Undefined where the system's functions cannot be
 * reached.
 */
export function mapSharedMemory(descriptor: number, offset: number, length: number): ArrayBuffer | undefined {
  try {
    const koffi: typeof Koffi = createRequire(import.meta.url)('koffi');
    const map = koffi
      .load(null)
      .func('void *mmap(void *address, size_t length, int protection, int flags, int descriptor, int64_t offset)');
    const address: unknown = map(null, length, PROT_READ_WRITE, MAP_SHARED, descriptor, offset);
    // MAP_FAILED is -1.
    if (address === null || address === 2n ** 64n - 1n || address === -1n) return undefined;
    return koffi.view(address, length);
  } catch {
    return undefined;
  }
}
