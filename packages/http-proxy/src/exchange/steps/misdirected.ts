import { NamePatterns } from '@inband/core';
import { badRequest } from '../../message/head/faults.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Call, Step } from './step.ts';

/**
 * Refuses by 421 what a client that speaks TLS sends on the wrong connection (RFC 9110 section 15.5.20): browsers use one for every host
 * that its certificate is for. To a forward proxy TLS is only the way there.
 */
export function misdirected({ service, secureHosts }: Pick<HttpContext, 'service' | 'secureHosts'>): Step | undefined {
  if (secureHosts === undefined || service.mode === 'forward') return undefined;
  const path = `services.${service.name}`;
  const { here, elsewhere } = secureHosts;
  const isHere = here && NamePatterns.compile(path, ['routes'], here);
  const isElsewhere = here && NamePatterns.compile(path, ['routes'], elsewhere);
  return {
    name: 'misdirected',
    request({ request, client }: Call) {
      const { tls } = client.client;
      if (tls === undefined) return;
      const { host } = request.target;
      // A client of HTTP/1.0 may name no host.
      if (host === '') return;
      if (!tls.covers(host))
        throw wrong('The certificate of this connection is not one for the host that is asked for.');
      if (isElsewhere?.matches(host) === true && isHere?.matches(host) !== true) {
        throw wrong('The host that is asked for is served on another connection.');
      }
    },
  };
}

function wrong(message: string): Error {
  return badRequest(message, { status: 421 });
}
