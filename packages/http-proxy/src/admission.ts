import {
  AccessDeniedError,
  accessDenied,
  normalisePath,
  ProxyError,
  type HostPort,
  type Route,
  type Session,
} from '@inband/core';
import type { ClientSide } from './client-side.ts';
import type { HttpContext } from './context.ts';
import type { RequestHead } from './request-head.ts';

/**
 * Everything that can refuse a request that was understood before a chainer is asked, in the order of what it costs.
 * Returns the route. What depends on the server's address is judged later, by `establishConnection`.
 */
export function admit(client: ClientSide, session: Session, head: RequestHead): Route {
  const { context } = client;
  const { target } = head.authority!;
  session.target = target;
  if (head.contentLength > context.maxBody) throw bodyTooBig(context.options.maxBody);
  const { admitted } = client;
  if (admitted?.target === target && admitted.method === head.method && session.user === undefined) {
    return (session.route = admitted.route);
  }
  const route = decide(context, session, head);
  // The next request on the connection mostly is for the same server; all that was looked at is the same then.
  if (!context.service.routesByPath) client.admitted = { target, method: head.method, route };
  return (session.route = route);
}

/** A client connection's last request that was admitted. */
export interface Admitted {
  readonly target: HostPort;
  readonly method: string;
  readonly route: Route;
}

function decide(context: HttpContext, session: Session, head: RequestHead): Route {
  const { service } = context;
  const { target } = head.authority!;
  checkConnectPort(context, head);
  // Before any name is resolved: a client that is denied whatever the server turns out to be. Who will choose the
  // server is not known yet, so only what holds for both is asked.
  const decision = service.policy.decide({
    client: session.client.address,
    server: undefined,
    serverChosenBy: 'operator',
    target,
    method: head.method,
    user: session.user,
  });
  if (decision.verdict === 'deny') throw accessDenied(decision);
  const path = service.routesByPath ? normalisePath(pathOf(head)) : undefined;
  const route = service.route({ target, method: head.method, path, client: session.client });
  if (route === undefined) throw noRoute(context);
  return route;
}

export function bodyTooBig(maxBody: number | undefined): ProxyError {
  return new ProxyError('http_request_error', `The request body is larger than ${maxBody} octets.`, {
    status: 413,
    setting: 'http.maxBody',
  });
}

function checkConnectPort({ options, service }: HttpContext, head: RequestHead): void {
  if (head.form !== 'authority' || options.connectPorts === 'any') return;
  const { port } = head.authority!.target;
  if (options.connectPorts.includes(port)) return;
  throw new AccessDeniedError(
    'http_request_denied',
    `Tunnels to port ${port} are not allowed.`,
    `services.${service.name}.http.connectPorts`,
    { setting: 'http.connectPorts' },
  );
}

function pathOf(head: RequestHead): string {
  const path = head.buffer.toString('latin1', head.base + head.pathStart, head.base + head.pathEnd);
  return path.startsWith('/') ? path : `/${path}`;
}

function noRoute({ service }: HttpContext): ProxyError {
  const setting = `services.${service.name}.routes`;
  const message = 'No route of this service matches the request.';
  return service.mode === 'reverse'
    ? new ProxyError('destination_not_found', message, { setting })
    : new AccessDeniedError('http_request_denied', message, setting, { setting });
}
