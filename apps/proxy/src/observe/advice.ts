import { formatSockAddr, type ProxyError, type SessionRecord, type SockAddr } from '@inband/core';
import { whatToDo } from '@inband/http-proxy';

/** What would allow a session that was denied: one or two sentences for the operator, with what to write. */
export function adviceForDenial({ session }: SessionRecord, error: ProxyError): string {
  const { service, client, target, serverAddress } = session;
  const setting = wholePath(session, error.setting);
  const access = `services.${service.name}.access`;
  if (error.code === 'destination_not_found') return `Add a route to services.${service.name}.routes that matches it.`;
  if (setting === undefined) return whatToDo(error);
  if (setting.endsWith('.routes')) return `Add a route to ${setting} that matches it.`;
  if (setting === access || setting.startsWith(`${access}[`)) {
    const server = serverAddress === undefined ? undefined : `servers: ${textOf(serverAddress)}`;
    const host = server === undefined && target !== undefined ? `hosts: ${JSON.stringify(target.host)}` : undefined;
    // The port of the server, which is another one than that which the client asked for where the chainer says so.
    const port =
      serverAddress === undefined || serverAddress.family === 'unix' ? undefined : `ports: ${serverAddress.port}`;
    const conditions = [`clients: ${textOf(client.address)}`, server ?? host, port].filter((one) => one !== undefined);
    const place = setting === access ? `to ${access}` : `to ${access}, before ${setting}`;
    return `Add ${place}: { allow: { ${conditions.join(', ')} } }.`;
  }
  return `Change ${setting}. ${whatToDo(error)}`;
}

/** What to do about a session that failed. */
export function adviceForError({ session }: SessionRecord, error: ProxyError): string {
  const setting = wholePath(session, error.setting);
  const advice = whatToDo(error);
  return setting === undefined ? advice : `${advice} The setting is ${setting}.`;
}

/** The place of a setting of the service (`http.maxBody`), its chainer (`chainer.hosts`) or the proxy (`limits.connections`). */
function wholePath({ service, route }: SessionRecord['session'], setting: string | undefined): string | undefined {
  if (setting === undefined || /^(?:services|limits|listeners|shutdown|reload|serverPool)\b/.test(setting))
    return setting;
  if (setting.startsWith('chainer.')) return route === undefined ? undefined : `${route.name}.${setting}`;
  return `services.${service.name}.${setting}`;
}

/** In quotes where YAML asks for them. */
function textOf(address: SockAddr): string {
  if (address.family === 'unix') return JSON.stringify(formatSockAddr(address));
  return address.family === 'inet6' ? JSON.stringify(address.address) : address.address;
}
