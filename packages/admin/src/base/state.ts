import type { ConfigChanged, EffectiveConfig, Patch } from '../schemas/config.ts';
import type { ExplainedRequest, ExplainRequest } from '../schemas/explain.ts';
import type { Certificates } from '../schemas/certificates.ts';
import type { Cluster } from '../schemas/cluster/members.ts';
import type { ClusterSessions } from '../schemas/cluster/sessions.ts';
import type { Generations } from '../schemas/generations.ts';
import type { Health } from '../schemas/health.ts';
import type { LogLines, LogQuery } from '../schemas/log.ts';
import type { Draining, Reloaded } from '../schemas/operations.ts';
import type { Pools } from '../schemas/pools.ts';
import type {
  PromoteBody,
  PushBody,
  Pushed,
  PushedConfig,
  RollbackBody,
  VersionContent,
} from '../schemas/cluster/pushes.ts';
import type { Denials, Errors } from '../schemas/recent.ts';
import type { RevokedOne, RevokedTokens } from '../schemas/revoked.ts';
import type { ConfiguredRoutes } from '../schemas/routes.ts';
import type { Session, SessionQuery, Sessions } from '../schemas/sessions.ts';
import type { Stats } from '../schemas/stats.ts';

/** What the admin API asks the proxy, by the name of the question: what goes with it, and the answer. All of it is plain JSON. */
export interface Questions {
  readonly health: { readonly argument: undefined; readonly answer: Health };
  readonly reload: { readonly argument: AskedBy; readonly answer: Reloaded };
  readonly drain: { readonly argument: AskedBy; readonly answer: Draining };
  readonly certificates: { readonly argument: undefined; readonly answer: Certificates };
  readonly generations: { readonly argument: undefined; readonly answer: Generations };
  readonly sessions: { readonly argument: SessionQuery; readonly answer: Sessions };
  readonly session: { readonly argument: { readonly id: string }; readonly answer: Session };
  readonly 'end-session': { readonly argument: AskedBy & { readonly id: string }; readonly answer: Session };
  readonly pools: { readonly argument: undefined; readonly answer: Pools };
  readonly 'order-server': { readonly argument: AskedBy & OrderedServer; readonly answer: Pools };
  readonly cluster: { readonly argument: undefined; readonly answer: Cluster };
  readonly 'cluster-sessions': { readonly argument: SessionQuery; readonly answer: ClusterSessions };
  readonly routes: { readonly argument: undefined; readonly answer: ConfiguredRoutes };
  readonly explain: { readonly argument: ExplainRequest; readonly answer: ExplainedRequest };
  readonly config: { readonly argument: undefined; readonly answer: EffectiveConfig };
  readonly 'change-config': { readonly argument: AskedBy & AskedChange; readonly answer: ConfigChanged };
  readonly 'drop-overlay': { readonly argument: AskedBy & { readonly id: string }; readonly answer: ConfigChanged };
  readonly overlay: { readonly argument: { readonly id: string }; readonly answer: OverlayFile };
  readonly 'pushed-config': { readonly argument: undefined; readonly answer: PushedConfig };
  readonly 'pushed-version': { readonly argument: { readonly number: number }; readonly answer: VersionContent };
  readonly push: { readonly argument: AskedBy & IfMatch & PushBody; readonly answer: Pushed };
  readonly promote: { readonly argument: AskedBy & IfMatch & PromoteBody; readonly answer: Pushed };
  readonly rollback: { readonly argument: AskedBy & IfMatch & RollbackBody; readonly answer: Pushed };
  readonly denials: { readonly argument: undefined; readonly answer: Denials };
  readonly errors: { readonly argument: undefined; readonly answer: Errors };
  readonly revoked: { readonly argument: undefined; readonly answer: RevokedTokens };
  readonly revoke: { readonly argument: AskedBy & AskedRevocation; readonly answer: RevokedOne };
  readonly 'restore-token': { readonly argument: AskedBy & { readonly name: string }; readonly answer: RevokedOne };
  readonly 'wrong-login': { readonly argument: { readonly address: string }; readonly answer: WrongLogins };
  readonly log: { readonly argument: { readonly queries: readonly LogQuery[] }; readonly answer: LogLines };
}

export type QuestionName = keyof Questions;

/** Who asks for something that is logged. */
export interface AskedBy {
  readonly by: string;
}

/** What is to be changed, as `If-Match` has it (RFC 9110 section 13.1.1). */
export interface IfMatch {
  readonly ifMatch: string;
}

/** What an operator wants of a server. `up`: that it is used as usual. */
export interface OrderedServer {
  readonly pool: string;
  readonly address: string;
  readonly order: 'drain' | 'down' | 'up';
  /** Whether it is ordered of all members of the cluster. */
  readonly everywhere?: boolean | undefined;
}

/** A token that is to be refused. */
export interface AskedRevocation {
  /** `sha256:` and the hash of the token, or `jti:` and its id. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** How many logins of an address have failed in the last minute at all members of a cluster; undefined where that is not known. */
export interface WrongLogins {
  readonly failures: number | undefined;
}

/** A change with its secrets, for the file. */
export interface OverlayFile {
  readonly patch: Patch;
  /** The same as YAML, with who made it. */
  readonly yaml: string;
}

/** How the configuration is to be changed. */
export interface AskedChange {
  readonly patch: Patch;
  /** Milliseconds. */
  readonly lasts: number;
  /** Of the configuration that is to be changed, as `If-Match` has it (RFC 9110 section 13.1.1). */
  readonly ifMatch: string;
}

/** Metrics as a text. */
export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

/** Severities of {@link ProxyState.log}. */
export type LogLevel = 'info' | 'warn' | 'error';

/** The proxy, as this package knows it. */
export interface ProxyState {
  /** Rejects with an `AdminError` that says why there is no answer. Every question has a bound. */
  ask<Name extends QuestionName>(
    question: Name,
    argument: Questions[Name]['argument'],
  ): Promise<Questions[Name]['answer']>;
  /** What is counted, in the format that `accept` asks for. Throws an `AdminError` where nothing is. */
  metrics(accept: string | undefined): MetricsText;
  /** The same as numbers of the last minutes. */
  stats(): Stats;
  /** Writes a line of the proxy's log. */
  log(level: LogLevel, fields: object, message: string): void;
}
