import {
  AccessDeniedError,
  normalisePath,
  otherReadings,
  ProxyError,
  type Route,
  type RouteQuery,
  type Service,
} from '@inband/core';
import { badRequest, withoutTls } from '../../message/head/faults.ts';
import { pathOf } from '../../message/view/path-of.ts';
import { isSameAsBefore } from './admit.ts';
import type { Call, Step } from './step.ts';

/** Finds the route, and refuses what a server might read as a request that has another one. */
export function route(): Step {
  return { name: 'route', request: findRoute };
}

function findRoute(call: Call): void {
  const { client, context, request } = call;
  const { service } = context;
  const path = pathFor(call);
  const { admitted } = client;
  if (isSameAsBefore(call, admitted) && admitted.path === path) return takeRoute(call, admitted.route);
  const { method, target } = request;
  const found = routeOf(call, path);
  // A time may have begun since the rules were asked.
  if (service.routesVary !== true && !service.policy.hasTimes)
    client.admitted = { target, method, path, route: found, generation: service.policy.generation };
  takeRoute(call, found);
}

/** The path by which routes are found, as it was written. Undefined where they look at none. */
function pathFor({ context, request }: Call): string | undefined {
  return context.service.routesByPath && request.form !== 'authority' ? pathOf(request) : undefined;
}

/** The route of a request as it is now. Throws if it has none, or may have another one where it is read differently. */
export function routeOf(call: Call, path = pathFor(call)): Route {
  const { request, session, context } = call;
  const { service } = context;
  const { method, target } = request;
  const normalised = path === undefined ? undefined : normalisePath(path);
  const query = { target, method, path: normalised, client: session.client, user: session.user, met: session.met };
  const found = service.route(query);
  if (path !== undefined) checkReadings(service, query, path, found);
  if (found === undefined) throw noRoute(service);
  checkCase(service, query, found);
  return found;
}

/** A client that names https:// is not served in the clear. To a server that the proxy stands in for, TLS ends at its listener. */
export function takeRoute(call: Call, found: Route): void {
  const { request, context } = call;
  if (request.namesTls && context.service.mode === 'forward' && found.chainer.speaksTls !== true) throw withoutTls();
  call.takeRoute(found);
}

/** However a server reads the path, it must lead to the same route. */
function checkReadings(service: Service, query: RouteQuery, path: string, found: Route | undefined): void {
  for (const other of otherReadings(path)) {
    if (service.route({ ...query, path: normalisePath(other) }) !== found) throw twoPaths(service);
  }
}

/** `delete` must not take another route than DELETE, because some servers fold the case of methods. */
function checkCase(service: Service, query: RouteQuery, found: Route): void {
  const method = query.method.toUpperCase();
  if (method === query.method || service.route({ ...query, method }) === found) return;
  const message =
    'The method is not in upper case, as which some servers read it, and then there is another route for it.';
  throw badRequest(message, { setting: `services.${service.name}.routes` });
}

function twoPaths(service: Service): ProxyError {
  const message =
    'The path holds a "\\" or a "%u" that some servers read as another path, for which there is another route.';
  return badRequest(message, { setting: `services.${service.name}.routes` });
}

function noRoute(service: Service): ProxyError {
  const setting = `services.${service.name}.routes`;
  const message = 'No route of this service matches the request.';
  return service.mode === 'reverse'
    ? new ProxyError('destination_not_found', message, { setting })
    : new AccessDeniedError('http_request_denied', message, setting, { setting });
}
