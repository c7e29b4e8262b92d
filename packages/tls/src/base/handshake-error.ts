/**
 * How a handshake failed. `certificate`: the peer's is not good. `alert`: the peer refused by an alert. `protocol`: the peer does not speak TLS,
 * or nothing that both speak. `closed`: the connection ended before.
 */
export type HandshakeFailure = 'certificate' | 'alert' | 'protocol' | 'closed';

/** A handshake that failed. The message is one sentence, of what the peer sent or of what is wrong with it. */
export class TlsHandshakeError extends Error {
  readonly failure: HandshakeFailure;
  /** The alert that was received, or sent, by its name: `unknown_ca`. */
  readonly alert: string | undefined;

  constructor(failure: HandshakeFailure, message: string, options: ErrorOptions & { readonly alert?: string } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.failure = failure;
    this.alert = options.alert;
  }
}
