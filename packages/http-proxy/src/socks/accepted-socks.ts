import type { ClientConnection, ProxyError } from '@inband/core';
import type { OtherConnection, OtherProtocols } from '../client/other-protocols.ts';
import type { ConnectionOwner } from '../exchange/open-connection.ts';
import { badRequest } from '../message/head/faults.ts';
import { SocksConnection } from './socks-connection.ts';
import { socksVersion, type SocksVersion } from './socks-version.ts';

/** What clients of a listener may speak. The protocol `socks4a` is SOCKS 4 without names as well. */
export type AcceptedProtocol = 'http' | 'socks5' | 'socks4a';

const VERSIONS = { socks5: 5, socks4a: 4 } as const;

/** The versions of SOCKS that a listener accepts, and whether it accepts HTTP. */
export class AcceptedSocks implements OtherProtocols {
  readonly noHttp: ProxyError | undefined;
  readonly #versions: ReadonlySet<SocksVersion>;

  constructor(accepted: readonly AcceptedProtocol[]) {
    const versions = accepted.filter((protocol) => protocol !== 'http').map((protocol) => VERSIONS[protocol]);
    this.#versions = new Set(versions);
    this.noHttp = accepted.includes('http') ? undefined : onlySocks(versions);
  }

  connectionOf(
    firstByte: number | undefined,
    owner: ConnectionOwner,
    client: ClientConnection,
    refusal: ProxyError | undefined,
  ): OtherConnection | undefined {
    const version = socksVersion(firstByte);
    if (version === undefined || !this.#versions.has(version)) return undefined;
    return new SocksConnection(owner, client, version, refusal);
  }
}

function onlySocks(versions: readonly SocksVersion[]): ProxyError {
  const spoken = versions.map((version) => `SOCKS ${version}`).join(' and ');
  return badRequest(`This port speaks ${spoken}, and not HTTP: set it as a SOCKS proxy, not as an HTTP proxy.`, {
    setting: 'listeners[].accept',
  });
}
