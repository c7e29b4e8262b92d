import { type LoadedServerTls, serverTlsKey } from '../../config/plugins/load-server-tls.ts';
import { FollowedServerTls } from './followed-server-tls.ts';
import { AlreadyReported, type BuildDeps, type Make } from './made.ts';

export const makeServerTls: Make<'server-tls'> = ({ value }, { deps }) => {
  const { module, files } = loadedBy(deps);
  const read = files.get(serverTlsKey(value));
  if (read === undefined) throw new AlreadyReported();
  const { logger, onServerHandshake: onHandshake, tellsExpiry = true } = deps;
  const trust = read.trust && new module.FollowedTrust({ files: read.trust, logger, tellsExpiry, whose: 'servers' });
  const store = new module.CertificateStore();
  const identity =
    read.identity && new module.FollowedCertificates({ files: read.identity, store, logger, tellsExpiry: true });
  const layers = new module.ServerLayers({
    settings: value.settings,
    implementation: module.loadTls({ warn: (message) => logger.warn({}, message) }),
    trust,
    identity: identity && {
      get current() {
        return store.certificates[0];
      },
      onChange: (listener) => store.onChange(listener),
    },
    onHandshake,
  });
  return new FollowedServerTls(
    layers,
    [trust, identity].filter((each) => each !== undefined),
  );
};

/** A plan has TLS to servers only if the configuration was loaded with it. */
function loadedBy({ serverTls }: BuildDeps): LoadedServerTls {
  if (serverTls === undefined) throw new AlreadyReported();
  return serverTls;
}
