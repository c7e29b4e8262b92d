import type { Logger } from '@inband/core';
import type { CertificateStore, readCertificate, ServerCertificate } from '@inband/tls';
import type { AcmeView } from './acme-view.ts';

interface FillDeps {
  readonly store: CertificateStore;
  /** Of the module, which is loaded where a listener has TLS. */
  readonly read: typeof readCertificate;
  readonly logger: Logger;
}

/** Has a store hold what is kept by ACME from now on. Returns what ends that. */
export function fillFrom(view: AcmeView, { store, read, logger }: FillDeps): () => void {
  let known = new Map<string, ServerCertificate>();
  const fill = (): void => {
    const next = new Map<string, ServerCertificate>();
    for (const { sha256, certificate, key } of view.certificates) {
      try {
        next.set(sha256, known.get(sha256) ?? read({ certificate, key, file: 'acme' }));
      } catch (error) {
        logger.error({ err: error }, 'acme: a certificate of the CA cannot be used for clients');
      }
    }
    known = next;
    store.setSource('acme', [...known.values()]);
  };
  fill();
  return view.onChange(fill);
}
