import { type ClientCertificate, type ClientTls, parseIp, type ProtocolProxy } from '@inband/core';
import type { MatchRule, ServerNames } from '@inband/tls';
import type { ParsedConfig } from '../config/parse-config.ts';
import { keyOf, type LoadedTls } from '../config/tls/load-tls.ts';
import { BEFORE_STEPS, type Outcome } from './explain-interception.ts';

/** What a listener with TLS does with a client before its service sees a request. */
export interface ExplainedTls {
  /** Set where TLS does not end here, or not with this client. */
  readonly outcome?: Outcome | undefined;
  /** The service that gets the client. */
  readonly service: string;
  /** Undefined for a listener without TLS. */
  readonly tls: ClientTls | undefined;
}

/** What a client says of itself while TLS is negotiated. */
export interface ExplainedHello {
  /** Of the URL, which the client asks for. Undefined where it asks for the proxy itself, by a name that is not known. */
  readonly host: string | undefined;
  /** A name in the verified certificate that the client shows; undefined if it shows none. */
  readonly identity: string | undefined;
}

/** Says what the listener makes of a client. */
export function explainTls(parsed: ParsedConfig, index: number, { host, identity }: ExplainedHello): ExplainedTls {
  const { service = '', tls } = parsed.config.listeners[index] ?? {};
  const loaded = parsed.tls;
  if (tls === undefined || loaded === undefined) {
    return identity === undefined ? { service, tls: undefined } : { service, tls: undefined, outcome: notAsked(index) };
  }
  const isShown = identity !== undefined && tls.clientAuth !== 'off';
  const shown = isShown ? certificateOf(identity) : undefined;
  const refusal = authRefusal(index, tls.clientAuth, identity);
  if (host === undefined) return { service, outcome: refusal, tls: negotiated(undefined, shown, () => true) };
  const serverName = parseIp(host) === undefined ? host : undefined;
  const rules = tls.match.map(({ names, pass, terminate, refuse }): MatchRule => {
    const action = pass === undefined ? (terminate === undefined ? (refuse ?? 'alert') : 'terminate') : 'pass';
    return { names, action, proxy: NOBODY };
  });
  const match = new loaded.module.HelloMatch(rules);
  const found = match.ruleFor(serverName);
  const at = found === undefined ? -1 : rules.indexOf(found);
  const rule = `listeners[${index}].tls.match[${at}]`;
  const { pass, terminate } = tls.match[at] ?? {};
  if (pass !== undefined) return { service: pass, tls: undefined, outcome: passedOn(rule, pass) };
  if (found !== undefined && terminate === undefined) return { service, tls: undefined, outcome: refused(rule) };
  const certificate = storeOf(loaded, index, tls.defaultCertificate).choose({
    serverName,
    ...(serverName === undefined && { localAddress: host }),
  });
  const { coversHost } = loaded.module;
  const isOfFile = certificate !== undefined && coversHost(certificate, host);
  const ordered = isOfFile ? undefined : orderedNames(parsed, coversHost, serverName ?? tls.defaultCertificate);
  const chosen = ordered ?? certificate ?? orderedNames(parsed, coversHost, tls.defaultCertificate);
  if (chosen === undefined) return { service, tls: undefined, outcome: withoutCertificate(parsed, index, host) };
  const made = negotiated(serverName, shown, (name) => coversHost(chosen, name));
  return { service: terminate ?? service, outcome: refusal, tls: made };
}

/** The names of the certificate of a CA that there is for a name by then. Undefined: none is ordered for it. */
function orderedNames(
  { config: { acme } }: ParsedConfig,
  coversHost: LoadedTls['module']['coversHost'],
  name: string | undefined,
): ServerNames | undefined {
  if (acme === undefined || name === undefined) return undefined;
  const certificates = acme.hosts.map((hosts): ServerNames => ({ names: [hosts].flat(), addresses: [] }));
  const onDemand: ServerNames = { names: acme.onDemand?.allow ?? [], addresses: [] };
  const found = certificates.find((names) => coversHost(names, name));
  if (found !== undefined) return found;
  return coversHost(onDemand, name) ? { names: [name.toLowerCase()], addresses: [] } : undefined;
}

/** Stands for the proxies of services, which matching does not look at. */
const NOBODY: ProtocolProxy = { open: 0, accept() {}, drain: () => Promise.resolve(), close() {} };

/** One that has this name and no other; the rest of a certificate is looked at by no rule. */
function certificateOf(written: string): ClientCertificate {
  // DNS names are compared in lower case.
  const identity = /[:@]/.test(written) ? written : written.toLowerCase();
  return { identity, names: [identity], subject: `(a certificate for ${identity})`, notAfter: Infinity };
}

/** Why there is no handshake with a client, or why it cannot be said. Undefined: nothing forbids it. */
function authRefusal(index: number, clientAuth: string, identity: string | undefined): Outcome | undefined {
  if (identity !== undefined) return clientAuth === 'off' ? notAsked(index) : undefined;
  if (clientAuth !== 'require') return undefined;
  const reason = 'The listener requires a client certificate: ask about a client that has one with --certificate NAME.';
  return { ...BEFORE_STEPS, reason, rule: `listeners[${index}].tls.clientAuth`, error: undefined, status: undefined };
}

function notAsked(index: number): Outcome {
  const reason = 'The listener asks clients for no certificate (tls.clientAuth), so that none can show one.';
  return { ...BEFORE_STEPS, reason, rule: `listeners[${index}].tls.clientAuth`, error: undefined, status: undefined };
}

function negotiated(
  serverName: string | undefined,
  certificate: ClientCertificate | undefined,
  covers: (host: string) => boolean,
): ClientTls {
  const made = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', alpn: 'http/1.1', resumed: false };
  return { ...made, serverName, certificate, covers };
}

function storeOf(
  { module, listeners, certificates }: LoadedTls,
  index: number,
  defaultName: string | undefined,
): InstanceType<LoadedTls['module']['CertificateStore']> {
  const paths = listeners.get(index)?.certificates;
  const store = new module.CertificateStore({ defaultName });
  store.setSource('files', (paths && certificates.get(keyOf(paths))?.certificates) ?? []);
  return store;
}

function passedOn(rule: string, service: string): Outcome {
  const reason = `The connection is passed on as it came, to the service "${service}": its rules, routes and list decide by the name.`;
  return { ...BEFORE_STEPS, verdict: 'depends', reason, rule, error: undefined, status: undefined };
}

function refused(rule: string): Outcome {
  return { ...BEFORE_STEPS, reason: 'The rule refuses the handshake.', rule, error: undefined, status: undefined };
}

function withoutCertificate({ config: { acme } }: ParsedConfig, index: number, host: string): Outcome {
  const none = acme === undefined ? '' : ', and "acme" orders none';
  const reason = `The listener has no certificate for "${host}"${none}: the handshake ends with the alert unrecognized_name.`;
  return { ...BEFORE_STEPS, reason, rule: `listeners[${index}].tls.certificates`, error: undefined, status: undefined };
}
