import type { InetAddr, SharedTunnels } from '@inband/core';
import { readSync, writeSync } from 'node:fs';
import { openUnnamedFile } from '../../shared-memory/unnamed-file.ts';

/** The descriptor of the table in a worker: the one after stdin, stdout, stderr and the IPC channel. */
export const TUNNELS_DESCRIPTOR = 4;

/** For each port: depth (1 byte), unused (1), number of the worker (2), hash of the address (4). */
const ENTRY = 8;
const LENGTH = 65_536 * ENTRY;

/** Makes the table: see {@link openUnnamedFile}. */
export function openTunnelTable(): number | undefined {
  return openUnnamedFile(LENGTH);
}

/** Removes the tunnels of a worker that has ended. */
export function forgetTunnelsOf(descriptor: number, worker: number): void {
  const table = Buffer.alloc(LENGTH);
  readSync(descriptor, table, 0, LENGTH, 0);
  for (let at = 0; at < LENGTH; at += ENTRY) {
    if (table[at] !== 0 && table.readUInt16LE(at + 2) === worker) writeSync(descriptor, NOTHING, 0, ENTRY, at);
  }
}

const NOTHING = Buffer.alloc(ENTRY);

/**
 * The tunnels of all workers, by the local port from which each was dialled, because a tunnel that leads back to the proxy may be
 * accepted by any worker. Of two tunnels from the same port of different addresses the table has the later one.
 */
export class TunnelTable implements SharedTunnels {
  readonly #descriptor: number;
  readonly #worker: number;
  readonly #entry = Buffer.alloc(ENTRY);

  constructor(descriptor: number, worker: number) {
    this.#descriptor = descriptor;
    this.#worker = worker;
  }

  depthOf(client: InetAddr): number {
    const entry = this.#read(client.port);
    return entry.readUInt32LE(4) === hashOf(client.address) ? (entry[0] ?? 0) : 0;
  }

  add({ address, port }: InetAddr, depth: number): void {
    const entry = this.#entry;
    entry.fill(0);
    entry[0] = depth;
    entry.writeUInt16LE(this.#worker, 2);
    entry.writeUInt32LE(hashOf(address), 4);
    writeSync(this.#descriptor, entry, 0, ENTRY, port * ENTRY);
  }

  remove({ address, port }: InetAddr): void {
    const entry = this.#read(port);
    const isOurs = entry.readUInt16LE(2) === this.#worker && entry.readUInt32LE(4) === hashOf(address);
    if (isOurs) writeSync(this.#descriptor, NOTHING, 0, ENTRY, port * ENTRY);
  }

  #read(port: number): Buffer {
    readSync(this.#descriptor, this.#entry, 0, ENTRY, port * ENTRY);
    return this.#entry;
  }
}

/** FNV-1a, of 32 bits. */
function hashOf(address: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < address.length; index += 1) {
    hash = Math.imul(hash ^ address.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
