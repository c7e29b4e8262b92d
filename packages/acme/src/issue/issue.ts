import { createPrivateKey } from 'node:crypto';
import { AcmeError } from '../base/acme-error.ts';
import type { OrderRequest, Polled } from '../client/acme-client.ts';
import { describeProblem } from '../client/problems.ts';
import type { Order } from '../client/schemas.ts';
import { certificateRequest } from '../x509/certificate-request.ts';
import { keyToPem, newKey } from '../x509/ec-keys.ts';
import { type IssuedCertificate, readIssued } from '../x509/issued-certificate.ts';
import { authorize } from './authorize.ts';
import type { IssueDeps } from './issue-deps.ts';
import { poll } from './poll.ts';

/** An order, and the key that its certificate will have, as PEM. */
export interface PlacedOrder {
  readonly url: string;
  readonly key: string;
}

/** Told about an order before anything is done for it, and with undefined when it has come to nothing. */
export type KeepOrder = (order: PlacedOrder | undefined) => Promise<void>;

/** Places an order, or goes on with `begun`, until the certificate is there. Rejects with an `AcmeError`. */
export async function issue(
  request: OrderRequest,
  begun: PlacedOrder | undefined,
  keep: KeepOrder,
  deps: IssueDeps,
): Promise<IssuedCertificate> {
  const { placed, order } = (await resume(begun, deps)) ?? (await place(request, keep, deps));
  try {
    return accept(request.hosts, await complete(request.hosts, placed, order, deps), deps.clock.now());
  } catch (error) {
    if (isOver(error)) await keep(undefined);
    throw error;
  }
}

/** An order that the CA has refused stays refused, and one with a certificate that cannot be used keeps it. Others go on later. */
function isOver(error: unknown): boolean {
  return error instanceof UnusableCertificate || (error instanceof AcmeError && error.kind === 'refused');
}

class UnusableCertificate extends AcmeError {}

interface CurrentOrder {
  readonly placed: PlacedOrder;
  readonly order: Order;
}

/** An order of before, if something can still become of it. */
async function resume(begun: PlacedOrder | undefined, deps: IssueDeps): Promise<CurrentOrder | undefined> {
  if (begun === undefined) return undefined;
  try {
    const { value: order } = await deps.client.order(begun.url, deps.signal);
    return order.status === 'invalid' ? undefined : { placed: begun, order };
  } catch (error) {
    // It has expired, or the CA has forgotten it.
    if (error instanceof AcmeError && error.kind === 'refused') return undefined;
    throw error;
  }
}

async function place(request: OrderRequest, keep: KeepOrder, deps: IssueDeps): Promise<CurrentOrder> {
  const { url, order } = await newOrder(request, deps);
  const placed = { url, key: keyToPem(newKey()) };
  await keep(placed);
  return { placed, order };
}

async function newOrder(request: OrderRequest, { client, signal }: IssueDeps) {
  try {
    return await client.newOrder(request, signal);
  } catch (error) {
    // RFC 9773 section 5: somebody else may have replaced it. What matters is the new one.
    const isReplaced = error instanceof AcmeError && REPLACES_REFUSED.has(error.problem ?? '');
    if (request.replaces === undefined || !isReplaced) throw error;
    return await client.newOrder({ ...request, replaces: undefined }, signal);
  }
}

/** A CA that does not know the certificate any more says `malformed` or `notFound`. */
const REPLACES_REFUSED: ReadonlySet<string> = new Set(['alreadyReplaced', 'malformed', 'notFound', 'unauthorized']);

async function complete(hosts: readonly string[], placed: PlacedOrder, first: Order, deps: IssueDeps): Promise<string> {
  const { client, signal } = deps;
  let order = first;
  if (order.status === 'pending') {
    for (const url of order.authorizations) await authorize(url, deps);
    order = await waitWhile(placed.url, ['pending'], deps);
  }
  if (order.status === 'ready') {
    const request = certificateRequest(hosts, createPrivateKey(placed.key));
    order = await waitWhile(
      placed.url,
      ['processing', 'ready'],
      deps,
      await client.finalize(order.finalize, request, signal),
    );
  }
  if (order.status === 'processing') order = await waitWhile(placed.url, ['processing'], deps);
  if (order.status !== 'valid' || order.certificate === undefined) throw refusedOrder(order);
  return placed.key + (await client.certificate(order.certificate, signal));
}

async function waitWhile(
  url: string,
  statuses: readonly Order['status'][],
  deps: IssueDeps,
  known?: Polled<Order>,
): Promise<Order> {
  const { client, signal } = deps;
  const isPending = ({ status }: Order): boolean => statuses.includes(status);
  return await poll({ ask: () => client.order(url, signal), known, isPending, what: 'the order' }, deps);
}

function refusedOrder({ status, error }: Order): AcmeError {
  const reason = error === undefined ? `its status is ${status}` : describeProblem(error);
  return new AcmeError('refused', `The CA does not complete the order: ${reason}.`);
}

/** A CA is asked for a certificate of certain names and of a certain key, and nothing else is used. */
function accept(hosts: readonly string[], text: string, now: number): IssuedCertificate {
  let issued: IssuedCertificate;
  try {
    issued = readIssued(text);
  } catch (error) {
    throw new UnusableCertificate('unexpected', `The CA's certificate cannot be used: ${String(error)}`, {
      cause: error,
    });
  }
  const missing = hosts.filter((host) => !issued.hosts.includes(host));
  if (missing.length > 0)
    throw new UnusableCertificate('unexpected', `The CA's certificate is not for ${missing.join(', ')}.`);
  // The order is kept: with the right time its certificate is good.
  if (issued.notAfter <= now) {
    const ended = new Date(issued.notAfter).toISOString();
    throw new AcmeError('local', `The CA's new certificate ended at ${ended}: the clock of this machine is ahead.`);
  }
  return issued;
}
