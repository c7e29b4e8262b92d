import { openStore, type Store } from '@inband/store';

/** A store in the memory of this process, whose calls never fail. Its deadline is that of a process which stalls. */
export function openMemory(): Promise<Store> {
  return openStore({ type: 'memory', logger: SILENT, deadline: 60_000 });
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
