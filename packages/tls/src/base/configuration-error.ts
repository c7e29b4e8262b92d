/** Options that cannot work: a key of another certificate, ciphers that do not exist. The message is one sentence. */
export class TlsConfigurationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
