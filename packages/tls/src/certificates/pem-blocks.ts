import { CertificateError } from './certificate-error.ts';

/** A part of a PEM file (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  /** With its first and last line. */
  readonly text: string;
}

const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?$/gm;

/** The parts of a PEM file; what stands between them is a comment. Throws a {@link CertificateError} for a part without an end. */
export function pemBlocks(text: string, file: string): PemBlock[] {
  if (isBinary(text)) {
    throw new CertificateError(
      file,
      'it is not PEM but binary (DER or PKCS #12); "openssl x509" or "openssl pkcs12" converts it',
    );
  }
  const blocks: PemBlock[] = [];
  let end = 0;
  for (const begin of text.matchAll(BEGIN)) {
    const [, label = ''] = begin;
    const last = `-----END ${label}-----`;
    const next = text.indexOf('-----BEGIN ', begin.index + 1);
    const at = text.indexOf(last, begin.index);
    if (begin.index < end || at === -1 || (next !== -1 && next < at)) {
      const line = text.slice(0, begin.index).split('\n').length;
      throw new CertificateError(
        file,
        `the "BEGIN ${label}" of line ${line} has no "END ${label}"; the file is not whole`,
      );
    }
    end = at + last.length;
    blocks.push({ label, text: `${text.slice(begin.index, end).replaceAll('\r', '')}\n` });
  }
  return blocks;
}

/** A sequence of ASN.1 with a long length. */
function isBinary(text: string): boolean {
  return text.charCodeAt(0) === 0x30 && text.charCodeAt(1) >= 0x80;
}

/** The certificates of a file, in its order. */
export function certificatesIn(blocks: readonly PemBlock[]): string[] {
  return blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ text }) => text);
}
