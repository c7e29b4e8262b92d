import { AdminError, type ExplainedRequest, type ExplainRequest } from '@inband/admin';
import { inetAddr, ProxyError, type SockAddr } from '@inband/core';
import { parseSockAddr } from '../../config/values/bind.ts';
import { isField, readTime } from '../../config/conditions/asked-details.ts';
import { explain } from '../../explain/explain.ts';
import { requestOf } from '../../explain/request-of.ts';
import type { Running } from '../../run/running.ts';
import type { ProcessQuestion } from './process-question.ts';

/** With any port, because no rule depends on a client's port. */
const CLIENT_PORT = 49_152;

/** What would become of a request. One process says it for all, because all have the same configuration. */
export const explainRequest: ProcessQuestion<ExplainRequest, ExplainedRequest, ExplainedRequest | undefined> = {
  answer: ({ running }, asked) => explainAnswer(running, asked),
  merge: ({ answers }) => answers[0]?.answer,
};

/** Explains a request as `inband explain` does, by the configuration that is running. Rejects with an `AdminError` for what cannot be asked. */
async function explainAnswer(running: Running, asked: ExplainRequest): Promise<ExplainedRequest> {
  const { parsed, source, ...inUse } = running.configured;
  const { listeners, services } = parsed.config;
  const listener = asked.service === undefined ? 0 : listeners.findIndex(({ service }) => service === asked.service);
  const service = listeners[listener]?.service;
  if (service === undefined) throw wrong(`No listener leads to the service "${asked.service}".`);
  if (!/^[\u0021-\u007e]+$/.test(asked.url))
    throw wrong('The URL may hold printable ASCII only; percent-encode the rest.');
  const client = addressOf(asked.client ?? '127.0.0.1', 'client');
  const destination = asked.destination === undefined ? undefined : addressOf(asked.destination, 'destination');
  const { certificate, user, groups, header: fields = [] } = asked;
  if (user === undefined && groups !== undefined) throw wrong('"groups" are those of a "user", and there is none.');
  const wrongField = fields.find((field) => !isField(field));
  if (wrongField !== undefined)
    throw wrong(`"header" takes fields, "name: value", found ${JSON.stringify(wrongField)}.`);
  const at = asked.at === undefined ? undefined : readTime(asked.at);
  if (at === undefined && asked.at !== undefined)
    throw wrong(`"at" takes a time such as 2026-12-24T18:00Z, found ${JSON.stringify(asked.at)}.`);
  const request = requestOf(asked, services[service]?.mode === 'forward');
  try {
    const explanation = await explain(
      parsed,
      source,
      { client, listener, destination, certificate, user, groups, fields, at, ...request },
      inUse,
    );
    // Through JSON, because its keys without a value are undefined.
    const answer: ExplainedRequest = JSON.parse(JSON.stringify(explanation));
    return answer;
  } catch (error) {
    if (error instanceof ProxyError && error.setting !== undefined) throw wrong(error.message, error.setting);
    throw error;
  }
}

function addressOf(text: string, what: string): SockAddr {
  const address = inetAddr(text, CLIENT_PORT) ?? parseSockAddr(text);
  if (address === undefined)
    throw wrong(`"${what}" takes an IP address, with or without a port, found ${JSON.stringify(text)}.`);
  return address;
}

function wrong(detail: string, setting?: string): AdminError {
  return new AdminError({
    status: 422,
    title: 'This cannot be explained',
    detail,
    ...(setting !== undefined && { setting }),
  });
}
