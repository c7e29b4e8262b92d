/** Where messages are sent: to a datagram socket of this machine, or over the network. */
export type MessageReceiver =
  | { readonly transport: 'unix'; readonly path: string }
  | {
      readonly transport: 'udp' | 'tcp';
      /** A name or an address. */
      readonly host: string;
      readonly port: number;
    };

export type NetworkReceiver = Extract<MessageReceiver, { host: string }>;

/** How many messages the system took, from the first on, and what kept the others back. */
export interface Sent {
  readonly taken: number;
  readonly problem: NodeJS.ErrnoException | undefined;
}

/**
 * Sends messages to one receiver, each as one datagram, or one behind the other in a TCP connection. It connects when there is something to
 * send, and anew after each problem, so whoever calls it decides when to try again. It keeps no process running.
 */
export interface MessageSender {
  /**
   * Never rejects. Until it has resolved nothing else may be sent. The code of the problem is EAGAIN when the receiver is too slow, and
   * EMSGSIZE when the next message is too long for it.
   */
  send(messages: readonly Uint8Array[]): Promise<Sent>;
  /** Sends what can be sent without waiting, at the end of the process. Returns how many messages the system took. */
  sendNow(messages: readonly Uint8Array[]): number;
  close(): void;
}
