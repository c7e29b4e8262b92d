export { CertificateAuthenticator } from './certificates.ts';
export { HASH_SCHEMES, type HashScheme, makeHash } from './hashes/make-hash.ts';
export { HashProblem } from './hashes/password-hash.ts';
export { BasicAuthenticator, type BasicDeps, type BasicOptions } from './passwords/basic.ts';
export { type PasswordFile, PasswordFileError, type ReadBounded, readPasswordFile } from './passwords/password-file.ts';
export { readUsers, type UserProblem, type Users } from './passwords/users.ts';
