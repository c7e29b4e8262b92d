import { fillFrom } from '../../acme/fill-store.ts';
import type { LoadedTls } from '../../config/tls/load-tls.ts';
import { keyOf } from '../../config/tls/load-tls.ts';
import { AlreadyReported, type BuildDeps, type Make } from './made.ts';

export const makeCertificates: Make<'certificates'> = ({ value: { entries, defaultName } }, { deps }) => {
  const { module, certificates } = tlsOf(deps);
  const files = certificates.get(keyOf({ entries }));
  if (files === undefined) throw new AlreadyReported();
  const { logger, tellsExpiry = true } = deps;
  const store = new module.CertificateStore({ defaultName });
  const onClose = deps.acme && fillFrom(deps.acme, { store, read: module.readCertificate, logger });
  const followed = new module.FollowedCertificates({ files, store, logger, tellsExpiry, onClose });
  followed.start();
  return followed;
};

export const makeTrust: Make<'trust'> = ({ value: { ca, crl } }, { deps }) => {
  const { module, trust } = tlsOf(deps);
  const files = trust.get(keyOf({ ca, crl }));
  if (files === undefined) throw new AlreadyReported();
  const { logger, tellsExpiry = true } = deps;
  const followed = new module.FollowedTrust({ files, logger, tellsExpiry, whose: 'clients' });
  followed.start();
  return followed;
};

/** A plan has certificates only if the configuration was loaded with them. */
function tlsOf({ tls }: BuildDeps): LoadedTls {
  if (tls === undefined) throw new AlreadyReported();
  return tls;
}
