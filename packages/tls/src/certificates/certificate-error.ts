/** A certificate or its key is of no use. The message is a sentence that begins with the name of the file. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';

  constructor(file: string, problem: string) {
    super(`${file}: ${problem}.`);
  }
}
