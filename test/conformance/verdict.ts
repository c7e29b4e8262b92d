import { type Case, expand, foldCase } from './cases.ts';
import type { RawClient } from './wire/client.ts';
import type { Lab } from './lab.ts';
import type { Message } from './wire/message-reader.ts';
import { type Played, probeOf } from './play.ts';

/** What there was to see of one run. */
export interface Observed {
  readonly client: RawClient;
  readonly lab: Lab;
  readonly played: Played;
  /** Final responses that the client got whole. */
  readonly answers: readonly Message[];
  /** Requests that the origin got, whole or not. */
  readonly requests: readonly Message[];
  /** Tunnels that reached the origin. */
  readonly tunnels: number;
}

export function observe(client: RawClient, lab: Lab, played: Played): Observed {
  return {
    client,
    lab,
    played,
    answers: played.probed ? client.responses.complete.slice(0, -1) : client.responses.complete,
    requests: lab.origin.requests,
    tunnels: lab.origin.connections.filter(({ isTunnel }) => isTunnel).length,
  };
}

/** What went wrong, one sentence each; empty when the case went as expected. */
export function judge(oneCase: Case, observed: Observed): string[] {
  const { played } = observed;
  const problems = [...wellFormed(observed), ...dialsAllowed(observed)];
  if (played.toldToClose && !played.closedByProxy)
    problems.push('the answer said that the connection closes, but it did not');
  if (!played.closed && oneCase.clientRst !== true)
    problems.push('the connection did not close, though the client had finished');
  switch (oneCase.expect.kind) {
    case 'forward':
      problems.push(...judgeForward(oneCase, observed));
      break;
    case 'reject':
      problems.push(...judgeReject(oneCase, observed));
      break;
    case 'close':
      problems.push(...judgeClose(oneCase, observed));
      break;
  }
  return [...problems, ...contents(oneCase, observed)];
}

/** Whatever the proxy sends has one meaning. */
function wellFormed({ client, lab }: Observed): string[] {
  const problems: string[] = [];
  if (client.responses.problem !== undefined)
    problems.push(`the client got a malformed response: ${client.responses.problem}`);
  for (const { reader } of lab.origin.connections) {
    if (reader.problem !== undefined) problems.push(`the origin got a malformed request: ${reader.problem}`);
  }
  return problems;
}

function dialsAllowed({ lab }: Observed): string[] {
  const forbidden = lab.net.dialled.filter(
    (remote) => remote.family === 'unix' || !lab.vantage.mayReach(remote.address),
  );
  return forbidden.map((remote) => `a ${lab.vantage.name} client got the proxy to dial ${JSON.stringify(remote)}`);
}

/** Looks for the substrings, in what came over the wire and in the messages without their chunks. */
function contents(oneCase: Case, { client, lab, requests }: Observed): string[] {
  const { expect, side } = oneCase;
  const atOrigin = side === 'request' || expect.kind !== 'forward';
  const messages = atOrigin ? requests : client.responses.messages;
  const wire = (atOrigin ? lab.origin.heard : client.heard).toString('latin1');
  const content = messages.map(({ body, trailer }) => `${body}\n${trailer}`).join('\n');
  const fold = (part: string): string => foldCase(expand(part, lab.places));
  const whole = `${wire}\n${content}`;
  const heard = foldCase(whole);
  const required = (expect.mustContain ?? []).map(fold);
  // Where only its case tells a method from one that must be there, its case counts.
  const isThere = (part: string): boolean =>
    /^[A-Za-z]+ $/.test(part) && required.includes(fold(part))
      ? whole.includes(expand(part, lab.places))
      : heard.includes(fold(part));
  const missing = (expect.mustContain ?? []).filter((part) => !heard.includes(fold(part)));
  const extra = (expect.mustNotContain ?? []).filter(isThere);
  return [
    ...missing.map((part) => `${JSON.stringify(part)} is missing`),
    ...extra.map((part) => `${JSON.stringify(part)} must not be there`),
  ];
}

function judgeForward(oneCase: Case, { answers, requests, tunnels, client, lab }: Observed): string[] {
  const answer = answers[0];
  if (answer === undefined) return ['the client got no complete response'];
  if (oneCase.side === 'response') return [];
  const { status } = answer;
  if (status < 200 || status > 399) return [`the answer was ${status}`];
  if (oneCase.side === 'request')
    return requests[0]?.complete === false && oneCase.id !== 'undrained'
      ? ['the request never was complete at the origin']
      : [];
  if (tunnels !== 1) return [`${tunnels} tunnels reached the origin`];
  const closes = oneCase.clientClose === true || oneCase.originClose === true || oneCase.timing?.readBytes === 0;
  if (closes || client.heard.indexOf(probeOf(oneCase, lab)) >= 0) return [];
  return ['what was sent into the tunnel did not come back'];
}

/** What a proxy says about a request that it has understood. */
const ABOUT_UNDERSTOOD: ReadonlySet<number | undefined> = new Set([403, 404, 407, 502, 503, 504, 508]);

/**
 * Issue 10: an answer of ours to a request that was understood and is complete leaves the connection open, whatever the case
 * says; then it must serve another request. Behind a refused CONNECT may be what was meant for the tunnel.
 */
function mayStayOpen({ expect, side, bytes, req }: Case, status: number | undefined, { played }: Observed): boolean {
  if (expect.keepAlive === true) return true;
  const request = side === 'response' ? (req ?? '') : bytes;
  const isComplete = side !== 'connect' && !/\r\n(?:content-length|transfer-encoding):/i.test(request);
  return played.probed && isComplete && ABOUT_UNDERSTOOD.has(status);
}

function judgeReject(oneCase: Case, observed: Observed): string[] {
  const { expect, side, clientClose } = oneCase;
  const { answers, played, client } = observed;
  const before = expect.okThenReject === true ? 1 : 0;
  const problems: string[] = [];
  if (before === 1 && answers[0]?.status !== 200)
    problems.push(`the first request was answered with ${answers[0]?.status}`);
  const status = answers[before]?.status;
  if (status === undefined) problems.push('there was no complete answer of refusal');
  else if (!expect.status!.includes(status)) problems.push(`the answer was ${status}`);
  if (answers.length > before + 1) problems.push(`there were ${answers.length} answers`);
  if (client.responses.messages.some(({ complete }) => !complete)) problems.push('there was an incomplete response');
  if (!played.closedByProxy && !mayStayOpen(oneCase, status, observed))
    problems.push('the proxy left the connection open');
  if (side === 'response') return [...problems, ...serverGivenUp(observed)];
  return [...problems, ...nothingServed(observed, before, expect.partial === true || clientClose === true)];
}

/** `begun`: a head, and part of a body, may have reached the origin. */
function nothingServed({ requests, tunnels, lab }: Observed, allowed: number, begun: boolean): string[] {
  const problems: string[] = [];
  const complete = requests.filter((request) => request.complete).length;
  if (complete > allowed) problems.push(`the origin got ${complete} complete requests`);
  if (tunnels > 0) problems.push('a tunnel was opened to the origin');
  const incomplete = lab.origin.connections.filter(({ reader }) => reader.messages.at(-1)?.complete === false);
  if (incomplete.some(({ isClosed }) => !isClosed)) problems.push('a cut request was left hanging at the origin');
  const bytes = lab.origin.heard.length;
  if (!begun && allowed === 0 && bytes > 0) problems.push(`the origin got ${bytes} bytes`);
  if (!begun && requests.length > allowed) problems.push(`the origin got ${requests.length} requests`);
  return problems;
}

/** A server connection on which something went wrong is not used again. */
function serverGivenUp({ lab }: Observed): string[] {
  const open = lab.origin.connections.filter(({ isClosed, heard }) => !isClosed && heard.length > 0);
  return open.length === 0 ? [] : ['the connection to the origin stayed open'];
}

function judgeClose(oneCase: Case, observed: Observed): string[] {
  const { answers, played, requests } = observed;
  const problems: string[] = [];
  // The answer that opened a tunnel is not what the case is about.
  const successes = oneCase.side === 'connect' ? [] : answers.filter(({ status }) => status < 400);
  if (successes.length > 0) problems.push(`the client got a complete response with ${successes[0]!.status}`);
  if (!played.closedByProxy && oneCase.clientRst !== true) problems.push('the proxy left the connection open');
  if (oneCase.side === 'response') problems.push(...serverGivenUp(observed));
  const may = oneCase.clientRst === true ? 1 : 0;
  if (oneCase.side === 'request' && requests.length > may) problems.push(`the origin got ${requests.length} requests`);
  return problems;
}
