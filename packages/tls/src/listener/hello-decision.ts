import type { ClientConnection, ProtocolProxy } from '@inband/core';
import type { ClientHello } from '@inband/tls-guard';
import type { ServerIdentity } from '../base/implementation.ts';
import type { ServerCertificate } from '../certificates/server-certificate.ts';
import type { PlainAlert } from './alert.ts';
import type { TerminatorContext } from './context.ts';
import type { MatchRule } from './hello-match.ts';
import { ACME_PROTOCOL } from './ordered-certificates.ts';

/** What becomes of a client by its ClientHello. */
export type HelloDecision =
  | { readonly kind: 'shake'; readonly certificate: ServerCertificate }
  /** Its certificate is being ordered. */
  | { readonly kind: 'order'; readonly order: Promise<unknown> }
  /** It is a CA that looks whether a host is ours (RFC 8737 section 3). */
  | { readonly kind: 'show'; readonly identity: ServerIdentity }
  /** TLS does not end here. */
  | { readonly kind: 'pass'; readonly proxy: ProtocolProxy | undefined }
  | { readonly kind: 'reset'; readonly why: string }
  | { readonly kind: 'refuse'; readonly alert: PlainAlert; readonly why: string };

const REFUSED = 'A rule of tls.match refuses the name.';

/** `rule`: of `tls.match`, where one is about its name. May order a certificate. */
export function decideHello(
  context: TerminatorContext,
  client: ClientConnection,
  hello: ClientHello,
  rule: MatchRule | undefined,
): HelloDecision {
  const { options, ordered } = context;
  const { serverName, alpn } = hello;
  if (rule?.action === 'pass') return { kind: 'pass', proxy: rule.proxy };
  if (rule?.action === 'alert') return { kind: 'refuse', alert: 'unrecognized_name', why: REFUSED };
  if (rule?.action === 'reset') return { kind: 'reset', why: REFUSED };
  if (ordered !== undefined && alpn?.length === 1 && alpn[0] === ACME_PROTOCOL) {
    const identity = serverName === undefined ? undefined : ordered.challenge(serverName.toLowerCase());
    if (identity !== undefined) return { kind: 'show', identity };
    return { kind: 'refuse', alert: 'unrecognized_name', why: 'No CA is expected to look at this name now.' };
  }
  if (alpn !== undefined && !options.alpn.some((protocol) => alpn.includes(protocol))) {
    const offered = alpn.map((protocol) => JSON.stringify(protocol)).join(', ');
    return { kind: 'refuse', alert: 'no_application_protocol', why: `The client speaks ${offered} only.` };
  }
  const certificate = certificateFor(context, client, hello);
  if (certificate !== undefined) return { kind: 'shake', certificate };
  const order = serverName === undefined ? undefined : ordered?.demand(serverName.toLowerCase());
  if (order !== undefined) return { kind: 'order', order };
  return { kind: 'refuse', alert: 'unrecognized_name', why: noCertificate(serverName) };
}

/** What the client gets. Undefined if there is none for it. */
export function certificateFor(
  { certificates }: TerminatorContext,
  { local }: ClientConnection,
  { serverName, signatureSchemes }: ClientHello,
): ServerCertificate | undefined {
  const localAddress = local.family === 'unix' ? undefined : local.address;
  return certificates.choose({ serverName, signatureSchemes, localAddress });
}

function noCertificate(serverName: string | undefined): string {
  if (serverName === undefined) return 'The client names no server, and there is no tls.defaultCertificate.';
  return `There is no certificate for ${JSON.stringify(serverName)}, and no tls.defaultCertificate.`;
}
