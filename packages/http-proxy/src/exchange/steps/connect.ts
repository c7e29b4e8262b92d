import { boundServersOf, isPromise, toProxyError, type MaybePromise, type ServerConnection } from '@inband/core';
import type { Call, Step } from './step.ts';

/** Has the chainer of the route connect to a server, unless this client is logged in on a connection to it. */
export function connect(): Step {
  return { name: 'connect', request: askChainer };
}

function askChainer(call: Call): MaybePromise<void> {
  const server = ask(call);
  return isPromise(server) ? waitFor(call, server) : call.connected(server);
}

/** Apart, because a function with a closure makes room for it in each of its calls. */
function waitFor(call: Call, server: Promise<ServerConnection>): Promise<void> {
  return server.then((connection) => arrived(call, connection));
}

/** A plugin's chainer may throw where it should reject. */
function ask({ session, route, request }: Call): MaybePromise<ServerConnection> {
  try {
    const { target } = session;
    if (route === undefined || target === undefined) throw new Error('A request is connected before it has a route.');
    const { host, port } = request.rewritten?.server ?? target;
    return boundServersOf(session.client)?.acquire(session) ?? route.chainer.connectServer(session, host, port);
  } catch (error) {
    return Promise.reject(toProxyError(error));
  }
}

/** What came of the body meanwhile is looked at too. */
function arrived(call: Call, server: ServerConnection): void {
  if (call.isOver) return server.destroy();
  try {
    call.client.checkBody();
  } catch (error) {
    server.destroy();
    throw error;
  }
  call.connected(server);
}
