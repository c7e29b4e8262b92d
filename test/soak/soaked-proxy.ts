/**
 * The proxy of the soak, in a process of its own, so that its memory and descriptors are its own, too. It gets a configuration and
 * the name of a transport, and says where it listens; asked again, it says what it has come to.
 */
import { createEpollTransport, createNodeTransport, type SessionRecord } from '@inband/core';
import { type ConfigInput, createInband } from 'inband';
import { readdirSync } from 'node:fs';

export interface SoakedOrder {
  readonly config: ConfigInput;
  readonly transport: 'epoll' | 'node';
}

export interface SoakedPorts {
  readonly ports: readonly number[];
}

/** What it has come to. */
export interface SoakedState {
  /** Bytes, after a collection of garbage. */
  readonly memory: number;
  readonly descriptors: number;
  readonly sessions: number;
  readonly reused: number;
  readonly repaired: number;
  /** What nobody caught. */
  readonly uncaught: readonly string[];
}

const uncaught: string[] = [];
let [sessions, reused, repaired] = [0, 0, 0];
process.on('uncaughtException', (error) => void uncaught.push(String(error.stack)));
process.on('unhandledRejection', (reason) => void uncaught.push(String(reason)));
process.on('disconnect', () => process.exit());

function onSession(record: SessionRecord): void {
  sessions += 1;
  if (record.repaired !== undefined) repaired += 1;
  if (record.reused) reused += 1;
}

function state(): SoakedState {
  globalThis.gc?.();
  const { rss } = process.memoryUsage();
  return { memory: rss, descriptors: readdirSync('/proc/self/fd').length, sessions, reused, repaired, uncaught };
}

async function start({ config, transport }: SoakedOrder): Promise<void> {
  const chosen = transport === 'node' ? createNodeTransport() : createEpollTransport();
  const inband = await createInband(config, { transport: chosen, onSession });
  const ports = inband.listeners.map(({ address }) => (address.family === 'unix' ? 0 : address.port));
  process.send?.({ ports } satisfies SoakedPorts);
  process.on('message', () => process.send?.(state()));
}

process.once('message', (order: SoakedOrder) => void start(order));
