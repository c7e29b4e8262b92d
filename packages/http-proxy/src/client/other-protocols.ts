import type { ClientConnection, ProxyError } from '@inband/core';
import type { ConnectionOwner, OpenConnection } from '../exchange/open-connection.ts';

/** What a client may speak on its listener, where that is not HTTP alone. */
export interface OtherProtocols {
  /** Why a client of HTTP is not served; undefined where it is. */
  readonly noHttp: ProxyError | undefined;
  /**
   * What serves a client whose first byte this is, in place of this connection; undefined where the byte is of no other protocol.
   * `refusal`: why the client is not to be served.
   */
  connectionOf(
    firstByte: number | undefined,
    owner: ConnectionOwner,
    client: ClientConnection,
    refusal: ProxyError | undefined,
  ): OtherConnection | undefined;
}

/** It is given the client's connection with its first bytes, `bytes[start..end)`, and owns it from then on. */
export interface OtherConnection extends OpenConnection {
  start(bytes: Buffer, start: number, end: number): void;
}
