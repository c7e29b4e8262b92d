import { AcceptedClient, type ClientConnection, type ProtocolProxy, type ProxyError } from '@inband/core';
import type { TlsConnection } from '../../base/implementation.ts';
import type { TerminatorContext } from '../context.ts';
import type { MatchRule } from '../hello-match.ts';

/** Gives a client, with what it has sent, to a proxy that looks at its ClientHello itself. */
export function passOn(
  { proxy: own }: TerminatorContext,
  { connection, address, peer, local, listener, originalDestination }: ClientConnection,
  proxy: ProtocolProxy | undefined,
  received: Buffer,
): void {
  if (proxy !== own) own.places?.leave(connection);
  proxy?.accept(new AcceptedClient({ connection, address, peer, local, listener, originalDestination, received }));
}

/** Where a client goes once TLS is negotiated. */
export interface Destination {
  /** Of `tls.match`, where one is about its name. */
  readonly rule: MatchRule | undefined;
  /** Why it is not to be served, which its proxy tells it. */
  readonly refusal: ProxyError | undefined;
}

/** Gives a client whose TLS is negotiated to its proxy. `plain` is the connection beneath. */
export function handOn(
  { proxy: own }: TerminatorContext,
  plain: ClientConnection['connection'],
  connection: TlsConnection,
  client: AcceptedClient,
  { rule, refusal }: Destination,
): void {
  const proxy = rule?.proxy ?? own;
  if (proxy === own) own.places?.replace(plain, connection);
  else own.places?.leave(plain);
  if (refusal === undefined) proxy.accept(client);
  else if (proxy.refuse === undefined) connection.destroy(refusal);
  else proxy.refuse(client, refusal);
}
