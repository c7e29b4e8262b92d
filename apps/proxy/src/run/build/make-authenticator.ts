import type { Authenticator, Logger } from '@inband/core';
import { readBounded } from '../../config/read/bounded-file.ts';
import type { PlannedAuth } from '../plan/planned.ts';
import { AlreadyReported, type BuildDeps } from './made.ts';

/** Makes what says who the clients of a service are. `setting` is the place of `auth` in the configuration. */
export function makeAuthenticator(
  ways: readonly PlannedAuth[],
  setting: string,
  { auth }: Pick<BuildDeps, 'auth'>,
  logger: Logger,
): Authenticator {
  // A plan has it only if the configuration was loaded with the package.
  if (auth === undefined) throw new AlreadyReported();
  const { BasicAuthenticator, CertificateAuthenticator, InOrder, readUsers } = auth.module;
  const made = ways.map((way): Authenticator => {
    if (way.type === 'certificate') return new CertificateAuthenticator(way);
    const { realm, groups, users, file } = way;
    const from = file === undefined ? readUsers(users ?? {}).users : auth.files.get(file);
    if (from === undefined) throw new AlreadyReported();
    return new BasicAuthenticator({ realm, groups, setting }, from, { logger, read: readBounded });
  });
  const [only] = made;
  return only !== undefined && made.length === 1 ? only : new InOrder(made);
}
