import type { HostPort } from '../base/address.ts';
import type { MetConditions, RequestCondition } from '../conditions/request-condition.ts';
import type { ServiceRules } from '../session/service-rules.ts';
import type { ClientConnection, SessionRoute } from '../session/session-view.ts';
import type { Chainer } from './chainer.ts';

/** A chainer, and the name of the route that leads to it. The first route of a service that matches is taken. */
export interface Route extends SessionRoute {
  readonly chainer: Chainer;
}

/** The request that a route is chosen for. `path` is normalised, or undefined (see {@link Service.routesByPath}). */
export interface RouteQuery {
  readonly target: HostPort;
  readonly method: string;
  readonly path: string | undefined;
  readonly client: ClientConnection;
  /** The authenticated user. */
  readonly user?: string | undefined;
  /** Which of {@link Service.conditions} the request meets. */
  readonly met?: MetConditions;
}

/** A name, a policy and routes, for one protocol proxy. Seed: Service. */
export interface Service extends ServiceRules {
  /**
   * False when a route connects to servers of its own. Then a stacked client stays open when the connection of the outer
   * proxy is closed. Default: true.
   */
  readonly onlyPicksUp?: boolean;
  /** Whether any route matches by path: only then {@link RouteQuery.path} is needed. */
  readonly routesByPath: boolean;
  /**
   * Whether a client's last route is no answer for its next request, although target, method and path are the same: a route matches by the
   * time, by what else is in a request, or by a list of hosts, which may change.
   */
  readonly routesVary?: boolean;
  /** What routes ask of a request. Whoever understands it says which of these it meets ({@link RouteQuery.met}). */
  readonly conditions?: readonly RequestCondition[];
  /** Whether the chainer of any route speaks TLS to its servers. */
  readonly speaksTls?: boolean;
  /** Whether the chainer of any route looks at requests. */
  readonly looksAtRequests?: boolean;
  /** Whether the chainer of any route has a cookie of its own, or adds fields to answers. */
  readonly changesFields?: boolean;
  /** The first route that matches, or undefined. */
  route(query: RouteQuery): Route | undefined;
  /** The route with this name, or undefined. */
  routeNamed?(name: string): Route | undefined;
}
