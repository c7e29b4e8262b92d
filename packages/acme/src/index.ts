/** Keeps certificates by ACME. The program gives it a state folder, a way to answer challenges, and gets certificates. */
export { AcmeError, type AcmeErrorKind } from './base/acme-error.ts';
export { type Clock, systemClock } from './base/clock.ts';
export { certificateName, isHostName, isHostNameOrWildcard, matchesName } from './base/host-names.ts';
export type { AcmeLog } from './base/log.ts';
export { Board, NO_CHALLENGES, type OpenChallenges, type Publish } from './challenges/board.ts';
export { type DnsRecords, DnsSolver } from './challenges/dns-solver.ts';
export type { ChallengeTask, ChallengeType, Solver } from './challenges/solver.ts';
export type { ExternalAccount } from './client/account-key.ts';
export type { Answer, Ask, Question } from './client/ask.ts';
export { type AskOptions, undiciAsk } from './client/undici-ask.ts';
export type { OnDemandOptions } from './keep/demand-limit.ts';
export { Keeper, type KeeperDeps, type KeeperOptions } from './keep/keeper.ts';
export type { KeptStatus } from './keep/kept.ts';
export {
  accountSchema,
  type AcmeStorage,
  type CertificateListener,
  type CertificateLock,
  type KeptAccount,
  type OpenedAccount,
  type Progress,
  progressSchema,
  type RenewalNote,
} from './state/acme-storage.ts';
export { openAccount, StateFolder } from './state/state-folder.ts';
export type { CertificateAndKey } from './x509/challenge-certificate.ts';
export { type IssuedCertificate, readIssued } from './x509/issued-certificate.ts';
