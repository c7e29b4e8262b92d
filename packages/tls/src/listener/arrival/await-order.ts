import type { ClientConnection } from '@inband/core';
import type { ClientHello } from '@inband/tls-guard';
import { TlsConfigurationError } from '../../base/configuration-error.ts';
import type { ServerCertificate } from '../../certificates/server-certificate.ts';
import type { TerminatorContext } from '../context.ts';
import { certificateFor } from '../hello-decision.ts';
import type { PlainAlert } from '../alert.ts';

export const NOT_IN_TIME = 'Its certificate could not be ordered in time; the log of ACME says why.';

/** What a client is told that gets no certificate. */
export interface OrderRefusal {
  readonly alert: PlainAlert;
  readonly why: string;
}

/** The certificate that was ordered for a client. */
export async function awaitOrder(
  context: TerminatorContext,
  client: ClientConnection,
  hello: ClientHello,
  order: Promise<unknown>,
): Promise<ServerCertificate | OrderRefusal> {
  await order;
  return certificateFor(context, client, hello) ?? { alert: 'unrecognized_name', why: NOT_IN_TIME };
}

/** What is thrown while a certificate is ordered would be an unhandled rejection, which ends the process. */
export function orderFailure({ logger }: TerminatorContext, error: unknown): OrderRefusal {
  if (error instanceof TlsConfigurationError) return { alert: 'internal_error', why: error.message };
  logger.error({ err: error }, 'defect while a certificate was ordered');
  return { alert: 'internal_error', why: 'The certificate could not be ordered.' };
}
