const block = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g;

/** The DER of all blocks with this label (RFC 7468) in some PEM texts, in their order. Other blocks are passed over. */
export function derOf(texts: string | readonly string[], label: 'CERTIFICATE' | 'X509 CRL'): Buffer[] {
  const found: Buffer[] = [];
  for (const text of typeof texts === 'string' ? [texts] : texts) {
    for (const [, name, base64 = ''] of text.matchAll(block)) {
      if (name === label) found.push(Buffer.from(base64, 'base64'));
    }
  }
  return found;
}
