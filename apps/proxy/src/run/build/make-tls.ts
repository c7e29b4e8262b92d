import type { ProtocolProxy } from '@inband/core';
import type { Values } from '../plan/planned.ts';
import { AlreadyReported, type Maker } from './made.ts';

/** Makes what speaks TLS with the clients of a listener. */
export function makeTls(
  { proxy, identity, match, options }: Extract<Values['proxy'], { readonly speaks: 'tls-to-clients' }>,
  { deps, get }: Maker,
): ProtocolProxy {
  // A plan has it only if the configuration was loaded with the module.
  if (deps.tls === undefined) throw new AlreadyReported();
  const { loadTls, createTlsTerminator } = deps.tls.module;
  const { timers, logger, waitingBytes, ticketKeys: tickets, onHandshake } = deps;
  const { store: certificates } = get(identity.certificates);
  const trust = identity.trust && get(identity.trust);
  return createTlsTerminator({
    tls: loadTls({ warn: (message) => logger.warn({}, message) }),
    options,
    certificates,
    trust,
    tickets,
    proxy: get(proxy),
    ordered: deps.acme,
    match: match.map((rule) => ({ ...rule, proxy: rule.proxy && get(rule.proxy) })),
    timers,
    logger,
    waitingBytes,
    onHandshake,
  });
}
