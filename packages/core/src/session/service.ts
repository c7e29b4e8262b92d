import type { HostPort } from '../base/address.ts';
import type { Chainer } from '../routing/chainer.ts';
import type { AddressTranslation } from '../nat/address-translation.ts';
import type { AccessPolicy } from '../policy/access-policy.ts';
import type { ClientConnection } from './session.ts';

/** How clients find the proxy: they ask it to (forward), think it is the server (reverse), or do not know (transparent). */
export type ServiceMode = 'forward' | 'reverse' | 'transparent';

/** Where a request may go: a chainer, chosen by the first match. */
export interface Route {
  /** Its place in the configuration: `services.web.routes[0]`. */
  readonly name: string;
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
export interface Service {
  readonly name: string;
  readonly mode: ServiceMode;
  readonly policy: AccessPolicy;
  /** Absent when nothing is translated. */
  readonly nat?: AddressTranslation;
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
