import type { ProxyError, SessionRecord, SockAddr } from '@inband/core';
import { whatToDo } from '@inband/http-proxy';
import { adviceToAllow } from '../lines/advice-to-allow.ts';
import { hostOf } from '../lines/values/client-host.ts';

/** What would allow a session that was denied: one or two sentences for the operator, with what to write. */
export function adviceForDenial({ session, url }: SessionRecord, error: ProxyError): string {
  const { service, client, target, serverAddress } = session;
  const setting = wholePath(session, error.setting);
  if (error.code === 'destination_not_found') return `Add a route to services.${service.name}.routes that matches it.`;
  if (setting === undefined) return whatToDo(error);
  return adviceToAllow({
    service: service.name,
    decidedBy: setting,
    client: hostOf(client.address),
    server: serverAddress && { host: hostOf(serverAddress), port: portOf(serverAddress) },
    asked: target?.host,
    user: session.user,
    method: session.method,
    url,
    instead: whatToDo(error),
  });
}

/** What to do about a session that failed. */
export function adviceForError({ session }: SessionRecord, error: ProxyError): string {
  const setting = wholePath(session, error.setting);
  const advice = whatToDo(error);
  // Whoever reads this is the operator.
  if (setting !== undefined && error.code === 'proxy_configuration_error') return `Correct ${setting}.`;
  return setting === undefined ? advice : `${advice} The setting is ${setting}.`;
}

/** The place of a setting of the service (`http.maxBody`), its chainer (`chainer.hosts`) or the proxy (`limits.connections`). */
function wholePath({ service, route }: SessionRecord['session'], setting: string | undefined): string | undefined {
  if (setting === undefined || /^(?:services|limits|listeners|shutdown|reload|serverPool)\b/.test(setting))
    return setting;
  if (/^chainer\b/.test(setting)) return route === undefined ? undefined : `${route.name}.${setting}`;
  return `services.${service.name}.${setting}`;
}

function portOf(address: SockAddr): number | undefined {
  return address.family === 'unix' ? undefined : address.port;
}
