/** The admin API of a proxy that it knows by `ProxyState`. */
import type { AdminRequest, AdminResponse, AdminServerAddress } from './client/ask-server.ts';
import type { AdminServer } from './server/admin-server.ts';
import type { AdminOptions } from './base/options.ts';
import type { ProxyState } from './base/state.ts';

export type { AdminServer } from './server/admin-server.ts';
export type { AdminRequest, AdminResponse, AdminServerAddress } from './client/ask-server.ts';
export { hashToken, newToken } from './access/token-hash.ts';
export type {
  AccessOptions,
  AdminAddress,
  AdminOptions,
  OidcOptions,
  TlsOptions,
  TokenOptions,
} from './base/options.ts';
export { AdminError, type Problem } from './base/problem.ts';
export type { Role } from './base/roles.ts';
export type { Certificate, Certificates } from './schemas/certificates.ts';
export type { Cluster, ClusterMember, MemberOrder, Stale } from './schemas/cluster/members.ts';
export type { ClusterSession, ClusterSessions } from './schemas/cluster/sessions.ts';
export type { Generation, Generations } from './schemas/generations.ts';
export type { Health } from './schemas/health.ts';
export type { ConfigChanged, EffectiveConfig, OverlayLine } from './schemas/config.ts';
export type { ExplainedRequest, ExplainRequest } from './schemas/explain.ts';
export type { LogLines, LogQuery } from './schemas/log.ts';
export type { Draining, Reloaded } from './schemas/operations.ts';
export type { Pool, Pools, PoolServer } from './schemas/pools.ts';
export type { RevokedOne, RevokedTokens } from './schemas/revoked.ts';
export type { Denials, Errors } from './schemas/recent.ts';
export type {
  MemberVersion,
  PromoteBody,
  PushBody,
  Pushed,
  PushedConfig,
  RollbackBody,
  VersionContent,
  VersionLine,
} from './schemas/cluster/pushes.ts';
export type { ConfiguredRoutes } from './schemas/routes.ts';
export type { Session, SessionQuery, Sessions } from './schemas/sessions.ts';
export { tlsProblem } from './server/tls-problem.ts';
export type { Stats } from './schemas/stats.ts';
export type {
  AskedBy,
  AskedChange,
  IfMatch,
  AskedRevocation,
  LogLevel,
  MetricsText,
  OrderedServer,
  OverlayFile,
  ProxyState,
  QuestionName,
  Questions,
  WrongLogins,
} from './base/state.ts';

/** Starts the admin server. Rejects if it cannot listen. Only this loads what a server needs. */
export async function startAdminServer(state: ProxyState, options: AdminOptions): Promise<AdminServer> {
  const server = await import('./server/admin-server.ts');
  return server.startAdminServer(state, options);
}

/** Asks an admin server. Rejects if there is none, it has another certificate, or it does not answer in time. Only this loads a client. */
export async function askAdminServer(server: AdminServerAddress, asked: AdminRequest): Promise<AdminResponse> {
  const client = await import('./client/ask-server.ts');
  return client.askAdminServer(server, asked);
}
