import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { localOf, splitAddress } from './agent-address.ts';
import type { AgentEvent } from './protocol.ts';

/** Milliseconds that a connection may take to be made. */
const PATIENCE = 20_000;

/** The connections of one namespace on which a test sends byte by byte what it wants. */
export class AgentWires {
  readonly #happened: (event: AgentEvent) => void;
  readonly #sockets = new Map<number, Socket>();

  constructor(happened: (event: AgentEvent) => void) {
    this.#happened = happened;
  }

  /** Gives the local address. */
  async open(wire: number, to: string, from: string | undefined): Promise<string> {
    const socket = connect({
      ...splitAddress(to),
      ...(from !== undefined && { localAddress: from }),
      allowHalfOpen: true,
    });
    await once(socket, 'connect', { signal: AbortSignal.timeout(PATIENCE) }).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    let failure: NodeJS.ErrnoException | undefined;
    this.#sockets.set(wire, socket);
    socket.on('error', (error) => (failure = error));
    socket.on('data', (bytes) => this.#happened({ type: 'wire-data', wire, text: bytes.toString('latin1') }));
    socket.on('end', () => this.#happened({ type: 'wire-end', wire }));
    socket.on('close', () => {
      this.#sockets.delete(wire);
      this.#happened({ type: 'wire-closed', wire, error: failure?.code });
    });
    return localOf(socket);
  }

  async with(wire: number, act: (socket: Socket) => void): Promise<void> {
    const socket = this.#sockets.get(wire);
    if (socket === undefined) throw new Error('the connection is closed');
    act(socket);
  }
}
