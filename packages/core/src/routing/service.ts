import type { HostPort } from '../base/address.ts';
import type { ServiceRules } from '../session/service-rules.ts';
import type { ClientConnection, SessionRoute } from '../session/session.ts';
import type { Chainer } from './chainer.ts';

/** Where a request may go: a chainer, chosen by the first match. */
export interface Route extends SessionRoute {
  readonly chainer: Chainer;
}

/** What a route is chosen by. `path` is the normalised copy (see {@link Service.routesByPath}) or undefined. */
export interface RouteQuery {
  readonly target: HostPort;
  readonly method: string;
  readonly path: string | undefined;
  readonly client: ClientConnection;
}

/** A named set of policy and routes behind which a protocol proxy runs. Seed: Service. */
export interface Service extends ServiceRules {
  /**
   * False when a route has servers of its own: then a stacked client does not end because the connection that its sessions
   * might have picked up does. Default: true.
   */
  readonly onlyPicksUp?: boolean;
  /** Whether any route looks at the path: only then must {@link RouteQuery.path} be filled in. */
  readonly routesByPath: boolean;
  /** The first route that matches, or undefined. */
  route(query: RouteQuery): Route | undefined;
}
