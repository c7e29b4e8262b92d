import {
  AccessDeniedError,
  accessDenied,
  normalisePath,
  otherReadings,
  ProxyError,
  type HostPort,
  type Route,
  type RouteQuery,
  type Session,
  sessionWriter,
} from '@inband/core';
import type { ClientSide } from '../client/client-side.ts';
import { checkConnectPort } from './connect-ports.ts';
import type { HttpContext } from '../service/context.ts';
import { badRequest } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';

/**
 * Everything that can refuse a request that was understood before a chainer is asked, in the order of what it costs.
 * Returns the route. What depends on the server's address is judged later, by `establishConnection`.
 */
export function admit(client: ClientSide, session: Session, head: RequestHead): Route {
  const { context } = client;
  const { target } = head.authority!;
  sessionWriter.setTarget(session, target);
  if (head.contentLength > context.maxBody) throw bodyTooBig(context.options.maxBody);
  const { admitted } = client;
  const { service } = context;
  const path = service.routesByPath && head.form !== 'authority' ? pathOf(head) : undefined;
  const { generation } = service.policy;
  // The next request on a connection mostly is for the same server: what was looked at then is the same now.
  const same =
    admitted?.target === target &&
    admitted.method === head.method &&
    session.user === undefined &&
    admitted.generation === generation;
  if (same && admitted.path === path) return chosen(session, admitted.route);
  if (!same) checkClient(context, session, head);
  const normalised = path === undefined ? undefined : normalisePath(path);
  const query = { target, method: head.method, path: normalised, client: session.client };
  const route = service.route(query);
  if (path !== undefined) checkReadings(context, query, path, route);
  if (route === undefined) throw noRoute(context);
  checkCase(context, query, route);
  client.admitted = { target, method: head.method, path, route, generation };
  return chosen(session, route);
}

function chosen(session: Session, route: Route): Route {
  sessionWriter.setRoute(session, route);
  return route;
}

/** However a server reads the path, it must lead to the same route. */
function checkReadings(context: HttpContext, query: RouteQuery, path: string, route: Route | undefined): void {
  for (const other of otherReadings(path)) {
    if (context.service.route({ ...query, path: normalisePath(other) }) !== route) throw twoPaths(context);
  }
}

/** Some servers fold the case of methods: `delete` must not take another route than DELETE. */
function checkCase({ service }: HttpContext, query: RouteQuery, route: Route): void {
  const method = query.method.toUpperCase();
  if (method === query.method || service.route({ ...query, method }) === route) return;
  const message =
    'The method is not in upper case, as which some servers read it, and then there is another route for it.';
  throw badRequest(message, { setting: `services.${service.name}.routes` });
}

/** A client connection's last request that was admitted. */
export interface Admitted {
  readonly target: HostPort;
  readonly method: string;
  /** As the client wrote it, where routes look at it. */
  readonly path: string | undefined;
  readonly route: Route;
  /** Of the policy: zones may hold other addresses since. */
  readonly generation: number;
}

/**
 * What can be refused before any name is resolved: a client that is denied whatever the server turns out to be. Who will
 * choose the server is not known yet, so only what holds for both is asked.
 */
function checkClient(context: HttpContext, session: Session, head: RequestHead): void {
  if (head.form === 'authority') checkConnectPort(context, session.client, head.authority!.target.port);
  const decision = context.service.policy.decide({
    client: session.client.address,
    server: undefined,
    serverChosenBy: 'operator',
    target: head.authority!.target,
    method: head.method,
    user: session.user,
  });
  if (decision.verdict === 'deny') throw accessDenied(decision);
}

export function bodyTooBig(maxBody: number | undefined): ProxyError {
  return new ProxyError('http_request_error', `The request body is larger than ${maxBody} bytes.`, {
    status: 413,
    setting: 'http.maxBody',
  });
}

function pathOf(head: RequestHead): string {
  const path = head.buffer.toString('latin1', head.base + head.pathStart, head.base + head.pathEnd);
  return path.startsWith('/') ? path : `/${path}`;
}

function twoPaths({ service }: HttpContext): ProxyError {
  const message =
    'The path holds a "\\" or a "%u" that some servers read as another path, for which there is another route.';
  return badRequest(message, { setting: `services.${service.name}.routes` });
}

function noRoute({ service }: HttpContext): ProxyError {
  const setting = `services.${service.name}.routes`;
  const message = 'No route of this service matches the request.';
  return service.mode === 'reverse'
    ? new ProxyError('destination_not_found', message, { setting })
    : new AccessDeniedError('http_request_denied', message, setting, { setting });
}
