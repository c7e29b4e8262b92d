export { AddressAuthenticator, type AddressOptions } from './addresses.ts';
export { BearerAuthenticator, type BearerDeps, type BearerOptions } from './bearer/bearer.ts';
export { type KeySet, NO_KEYS, readKeySet } from './bearer/key-set.ts';
export { CertificateAuthenticator } from './certificates.ts';
export { ContentError, type Parse, type ReadBounded, readVersion, type Version } from './followed/version.ts';
export { type HashScheme, makeHash } from './hashes/make-hash.ts';
export { HashProblem } from './hashes/password-hash.ts';
export { BasicAuthenticator, type BasicDeps, type BasicOptions } from './passwords/basic.ts';
export { type PasswordFile, readHtpasswd, readUsers, type UserProblem, type Users } from './passwords/users.ts';
export { readTokenFile, readTokens, type TokenProblem, type Tokens } from './tokens/token-list.ts';
export { TokenAuthenticator, type TokenDeps, type TokenOptions } from './tokens/tokens.ts';
export { ExternalAuthenticator, type ExternalDeps, type ExternalOptions } from './external/external.ts';
export { DigestAuthenticator, type DigestDeps, type DigestOptions } from './digest/digest.ts';
export {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type DigestFile,
  type DigestUsers,
  readDigestUsers,
  readHtdigest,
} from './digest/digest-users.ts';
export { digestOf } from './digest/response.ts';
