import { type ConnectionLayer, headerForClient, headerKey, type ProxyVersion, type Session } from '@inband/core';

/** The header of the PROXY protocol for a server behind a parent: it is sent through the tunnel. Undefined where the server is told nothing. */
export function headerLayer({ client }: Session, version: ProxyVersion | undefined): ConnectionLayer | undefined {
  if (version === undefined) return undefined;
  return {
    id: headerKey(version, client),
    wrap: async (connection) => {
      connection.write(headerForClient(version, client));
      return connection;
    },
  };
}
