/** A session that was denied. */
export interface DeniedSession {
  readonly service: string;
  /** The place of what decided in the configuration, or the name of a default. */
  readonly decidedBy: string;
  /** The client's address without its port. */
  readonly client: string;
  /** The address of the server, if one was evaluated. */
  readonly server: { readonly host: string; readonly port: number | undefined } | undefined;
  /** The host that was asked for, if one was understood. */
  readonly asked: string | undefined;
  /** The user, where one has authenticated. */
  readonly user?: string | undefined;
  readonly method?: string | undefined;
  /** What was asked for, as the client wrote it. */
  readonly url?: string | undefined;
  /** What the client can do instead, where a limit decided. */
  readonly instead?: string | undefined;
}

/** What would allow a session that was denied, in a sentence with what to write. */
export function adviceToAllow(denied: DeniedSession): string {
  const { service, decidedBy, instead } = denied;
  const access = `services.${service}.access`;
  if (decidedBy.endsWith('.routes')) return `Add a route to ${decidedBy} that matches it.`;
  const isRule = decidedBy.startsWith(`${access}[`);
  if (!isRule && decidedBy !== access && !decidedBy.startsWith('default: ')) {
    return `Change ${decidedBy}.${instead === undefined ? '' : ` ${instead}`}`;
  }
  if (!isRule) return `Add to ${access}: { allow: { ${conditions(denied).join(', ')} } }.`;
  // What the rule asks for is not known here, so everything is named: an allow that is too narrow does no harm.
  const all = [...conditions(denied), ...ofRequest(denied)].join(', ');
  return (
    `Add to ${access}, before ${decidedBy}: { allow: { ${all} } }, without what that rule does not ask for. ` +
    'Where it asks for fields, query, cookies or times, change it.'
  );
}

/** The port is that of the server, which is another one than that which the client asked for where the chainer says so. */
function conditions({ client, server, asked }: DeniedSession): string[] {
  const who = client === '' ? [] : [`clients: ${quoted(client)}`];
  if (server === undefined) return asked === undefined ? who : [...who, `hosts: ${JSON.stringify(asked)}`];
  const port = server.port === undefined ? [] : [`ports: ${server.port}`];
  return [...who, `servers: ${quoted(server.host)}`, ...port];
}

/** Conditions that only rules have, and no default. */
function ofRequest({ user, method, url }: DeniedSession): string[] {
  const path = method === 'CONNECT' || url === undefined ? undefined : plainPath(url);
  return [
    ...(user === undefined ? [] : [`users: ${quoted(user)}`]),
    ...(method === undefined ? [] : [`methods: ${quoted(method)}`]),
    ...(path === undefined ? [] : [`paths: ${quoted(path)}`]),
  ];
}

/** The path of a target, if all servers read it in the same way: others are met by no `allow` rule with that path. */
function plainPath(url: string): string | undefined {
  const [, path] = /^(?:[a-z][a-z\d+.-]*:\/\/[^/?]*)?(\/[^?]*)/i.exec(url) ?? [];
  return path !== undefined && /^(?:\/[\w~-][\w.~-]*)+\/?$/.test(path) ? path : undefined;
}

/** In quotes where YAML asks for them. */
function quoted(address: string): string {
  return /^[\w.-]+$/.test(address) ? address : JSON.stringify(address);
}
