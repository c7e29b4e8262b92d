import { readFileSync } from 'node:fs';
import type { Case } from './cases.ts';
import { fieldOf, type Message } from './wire/message-reader.ts';
import { floodedBy } from './play.ts';
import type { Observed } from './verdict.ts';

type Check = (observed: Observed) => string | undefined;

/** Bytes that the proxy itself may hold between the origin and the client, with much to spare. */
const MOST_HELD = 8 * 1024 * 1024;

const asksByProxy: Check = ({ answers }) =>
  unless(valuesOf(answers[0], 'proxy-authenticate').startsWith('Basic '), 'the client is not told how to log in');

/** What the notes of cases say beyond the substrings of `expect`, by id. Each says what went wrong. */
const CHECKS: Readonly<Record<string, Check>> = {
  'ok-post-chunked': ({ requests }) => unless(requests[0]?.body === 'hello', 'the body was changed'),
  'ok-dup-order': ({ requests }) =>
    unless(valuesOf(requests[0], 'x-a') === '1|2', 'lines of the same name changed their order'),
  'rl-v10': ({ played }) => unless(played.closedByProxy, 'the connection of an HTTP/1.0 client stayed open'),
  'hop-10-keepalive': ({ played }) => unless(played.closedByProxy, 'the connection of an HTTP/1.0 client stayed open'),
  'hop-proxyconn-close': ({ played }) => unless(played.closedByProxy, 'the client asked for a close in vain'),
  'cl-head-body': ({ requests, answers }) =>
    unless(
      requests.length === 2 && requests[0]!.body === 'hello' && answers.length === 2,
      'the body ran into the next request',
    ),
  'ck-exp': ({ requests }) => unless(requests[0]?.body.length === 0x1e0, 'the chunk had another size'),
  'ck-extra': ({ requests, answers }) =>
    unless(requests.length === 2 && answers.length === 2, 'the second request was not served on its own'),
  'tr-ok': ({ requests }) => unless(valuesOf(requests[0], 'x-sum') === '', 'a trailer field became a header field'),
  'tr-bad-te': ({ requests }) => unless(requests[0]?.trailer === '', 'the trailer field was passed on'),
  'upg-premature': ({ requests, answers }) =>
    unless(requests[1]?.target === '/smuggled' && answers.length === 2, 'the second request was not served on its own'),
  'hdr-set-cookie-req': ({ requests }) =>
    unless(valuesOf(requests[0], 'cookie') === 'a=1|b=2', 'Cookie lines were joined or lost'),
  'via-append': ({ requests }) =>
    unless(
      /^1\.0 fred, 1\.1 p\.example(?:\||, )1\.1 inband$/.test(valuesOf(requests[0], 'via')),
      'Via was not appended in order',
    ),
  'fwd-bad': ({ requests }) => unless(requests.length === 1, 'the request was not served'),
  'js-numeric-key': ({ requests }) => {
    const names = requests[0]?.fields.map(([name]) => name).filter((name) => name === '0' || name === '1');
    return unless(names?.join() === '0,1', 'fields changed their order');
  },
  'ssrf-redirect': ({ answers, lab }) =>
    unless(answers[0]?.status === 302 && lab.net.dialled.length === 1, 'the redirect was not relayed, or was followed'),
  'pipe-order': ({ answers }) =>
    unless(answers.map(({ body }) => body.at(-1)).join('') === '0123456789', 'answers are missing or out of order'),
  'pipe-depth': ({ answers, requests }) =>
    unless(answers.length === 10_000 && requests.length === 10_000, `${answers.length} of 10000 were answered`),
  'pipe-bad-second': ({ answers, played }) =>
    unless(statuses(answers) === '200 400' && played.closed, `the answers were ${statuses(answers)}`),
  'pipe-get-connect': ({ answers }) => unless(statuses(answers) === '200 200', `the answers were ${statuses(answers)}`),
  undrained: ({ requests }) =>
    unless(
      requests.every(({ target }) => target === '/early'),
      'the body was taken for a request',
    ),
  'client-rst': ({ lab }) =>
    unless(
      lab.origin.connections.every((each) => each.isClosed || each.heard.length === 0),
      'the request at the origin was not aborted',
    ),
  'half-close': ({ answers }) => unless(answers[0]?.body === 'answer to /', 'the answer did not come'),
  'cx-tunnel-http': ({ lab }) =>
    unless(
      lab.origin.heard.toString('latin1') === 'GET / HTTP/1.1\r\nX: \0\r\n\r\n',
      'the tunnel changed what it carried',
    ),
  'cx-idle': ({ lab, answers }) =>
    unless(
      answers[0]?.status === 200 && lab.origin.connections.every((each) => !each.isTunnel || each.isClosed),
      'one side of the tunnel stayed open',
    ),
  'cx-slowread': ({ lab }) => {
    const flooded = floodedBy(lab);
    const most = MOST_HELD + (lab.net.name === 'sockets' ? twoKernelWindows() : 0);
    return unless(flooded > 0 && flooded < most, `${flooded} bytes were taken from the origin, of at most ${most}`);
  },
  'auth-missing': asksByProxy,
  'cx-noauth': asksByProxy,
  'rs-ok': ({ answers }) =>
    unless(answers[0]?.body === 'ok' && valuesOf(answers[0], 'via') !== '', 'no Via, or another body'),
  'rs-poison': ({ answers }) => unless(answers[1]?.body === 'answer to /second', 'the second request was not answered'),
  'rs-poison-idle': ({ answers }) =>
    unless(answers[1]?.body === 'answer to /second', 'the second request was not answered'),
  'rs-1xx-103': ({ client }) =>
    unless(client.responses.messages.map(({ status }) => status).join() === '103,200', 'the interim response was lost'),
  'rs-200-upgrade': ({ answers }) =>
    unless(answers[1]?.body === 'answer to /second', 'the second request was not answered'),
  'rs-head-body': ({ lab }) => unless(usedConnectionsClosed({ lab }), 'a connection with leftovers was kept'),
  'rs-204-body': ({ lab }) => unless(usedConnectionsClosed({ lab }), 'a connection with leftovers was kept'),
  'rs-304-body': ({ lab }) => unless(usedConnectionsClosed({ lab }), 'a connection with leftovers was kept'),
  'rs-hop-std': ({ answers }) =>
    unless(valuesOf(answers[0], 'proxy-authenticate') === '', 'the origin spoke for the proxy'),
  'rs-407-origin': ({ answers }) =>
    unless(valuesOf(answers[0], 'proxy-authenticate') === '', 'the origin spoke for the proxy'),
  'rs-proxystatus': ({ answers }) =>
    unless(
      valuesOf(answers[0], 'proxy-status').startsWith('other; error=dns_error'),
      'Proxy-Status of others was not kept first',
    ),
};

/**
 * Bytes that the kernel takes at most on both connections between the origin and the client. It lets windows grow while
 * somebody reads fast, on recent kernels to 32 MiB each: how far they have grown when the client stops is chance.
 */
function twoKernelWindows(): number {
  const largest = (name: string): number =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'latin1').trim().split(/\s+/)[2]);
  return 2 * (largest('tcp_rmem') + largest('tcp_wmem'));
}

/** What the case's note asks for beyond its substrings, and was not so. */
export function checkNote({ id }: Case, observed: Observed): string[] {
  const problem = CHECKS[id]?.(observed);
  return problem === undefined ? [] : [problem];
}

function unless(holds: boolean, problem: string): string | undefined {
  return holds ? undefined : problem;
}

/** The values of all lines of that name, with a bar between them. */
function valuesOf(message: Message | undefined, name: string): string {
  if (message === undefined || fieldOf(message, name) === undefined) return '';
  return message.fields
    .filter(([candidate]) => candidate === name)
    .map(([, value]) => value)
    .join('|');
}

function statuses(answers: readonly Message[]): string {
  return answers.map(({ status }) => status).join(' ');
}

function usedConnectionsClosed({ lab }: Pick<Observed, 'lab'>): boolean {
  return lab.origin.connections.every(({ isClosed, heard }) => isClosed || heard.length === 0);
}
