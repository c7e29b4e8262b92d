import {
  AcceptedClient,
  type ClientConnection,
  type InetAddr,
  isOnThisMachine,
  peerOf,
  type SockAddr,
  toldAddressProblem,
} from '@inband/core';
import { Field } from '../message/field-names.ts';
import { badRequest } from '../message/head/faults.ts';
import type { RequestHead } from '../message/head/request-head.ts';
import { hopsOfForwarded } from '../message/hops/forwarded-field.ts';
import type { Hop } from '../message/hops/hop.ts';
import { addressOfNode, hopsOfXForwardedFor } from '../message/hops/x-forwarded-for.ts';
import type { TrustedProxies } from '../service/trusted-proxies.ts';

type Scheme = 'http' | 'https';

/** Who trusted proxies say that the client is. */
interface Told {
  readonly address: InetAddr;
  readonly scheme: Scheme | undefined;
}

/**
 * Whose request it is: the client of the connection, unless that is a trusted proxy that says for whom it asks. `before`: the answer for the
 * last request of the connection, which is the same object where nothing has changed. Throws a `ProxyError` where a trusted proxy says it
 * in a way that cannot be believed.
 */
export function toldClient(
  trusted: TrustedProxies,
  head: RequestHead,
  client: ClientConnection,
  before: ClientConnection | undefined,
): ClientConnection {
  if (trusted.fields === 'none' || !trusted.trusts(client.address)) return client;
  const told = read(trusted, head, client);
  if (told === undefined) return client;
  if (before !== undefined && isSame(before, told)) return before;
  const { connection, local, listener, originalDestination, serverStream, tls, at } = client;
  const common = { connection, local, listener, originalDestination, serverStream, tls, at };
  return new AcceptedClient({ ...common, ...told, peer: peerOf(client) });
}

function isSame({ address, scheme }: ClientConnection, told: Told): boolean {
  if (address.family === 'unix' || address.address !== told.address.address) return false;
  return address.port === told.address.port && scheme === told.scheme;
}

function read(trusted: TrustedProxies, head: RequestHead, client: ClientConnection): Told | undefined {
  const { fields } = trusted;
  const usual = fields === 'forwarded' ? undefined : readXForwardedFor(trusted, head, client);
  const standard = fields === 'x-forwarded-for' ? undefined : readForwarded(trusted, head, client);
  if (usual === undefined || standard === undefined) return usual ?? standard;
  if (usual.address.address !== standard.address.address) {
    throw unbelieved('X-Forwarded-For and Forwarded name different clients', 'trustedProxies.fields');
  }
  const [one, other] = [usual.scheme, standard.scheme];
  if (one !== undefined && other !== undefined && one !== other) {
    throw unbelieved('X-Forwarded-Proto and Forwarded name different schemes', 'trustedProxies.fields');
  }
  const address = standard.address.port === 0 ? usual.address : standard.address;
  return { address, scheme: other ?? one };
}

function readXForwardedFor(trusted: TrustedProxies, head: RequestHead, client: ClientConnection): Told | undefined {
  const found = walk(trusted, hopsOfXForwardedFor(head.valuesOf(Field.xForwardedFor)), client, true);
  if (found === undefined) return undefined;
  // Of a list nobody knows which one is meant.
  const schemes = head.valuesOf(Field.xForwardedProto);
  return { address: found.address, scheme: schemes.length === 1 ? schemeOf(schemes[0]?.toLowerCase()) : undefined };
}

function readForwarded(trusted: TrustedProxies, head: RequestHead, client: ClientConnection): Told | undefined {
  const hops = hopsOfForwarded(head.valuesOf(Field.forwarded));
  if (hops === undefined) throw unbelieved('Forwarded is malformed');
  const found = walk(trusted, hops, client, false);
  return found && { address: found.address, scheme: schemeOf(found.scheme) };
}

/**
 * From the nearest hop back to the first one that is not a trusted proxy: that is the client, and what stands before it is only what it says of
 * itself. Where all are trusted, it is the farthest. Undefined without hops.
 */
function walk(
  { trusts, hops: most }: TrustedProxies,
  hops: readonly Hop[],
  client: ClientConnection,
  mayBeBare: boolean,
): { readonly address: InetAddr; readonly scheme: string | undefined } | undefined {
  // Who is loopback to itself is that to us only as long as all that say so are on this machine.
  let teller: SockAddr = client.address;
  for (const [index, { node, scheme }] of hops.toReversed().entries()) {
    if (index === most) throw unbelieved(`More than ${most} trusted proxies are named`, 'trustedProxies.hops');
    const address = addressOfNode(node, mayBeBare);
    if (address === undefined) throw unbelieved('A trusted proxy names no address of its client');
    if (index < hops.length - 1 && trusts(address)) {
      if (isOnThisMachine(teller)) teller = address;
      continue;
    }
    const problem = toldAddressProblem(address, teller);
    if (problem !== undefined) throw unbelieved(problem);
    return { address, scheme };
  }
  return undefined;
}

function schemeOf(text: string | undefined): Scheme | undefined {
  return text === 'http' || text === 'https' ? text : undefined;
}

/** `why`: a sentence without its stop. */
function unbelieved(why: string, setting = 'trustedProxies'): Error {
  return badRequest(`${why}, so that nobody knows whose request it is.`, { setting });
}
