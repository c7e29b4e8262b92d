import type { RequestHead } from '../../message/head/request-head.ts';
import type { HttpContext } from '../../service/context.ts';
import type { Step } from './step.ts';

const PREFIX = Buffer.from('/.well-known/acme-challenge/');

/**
 * Answers a CA that looks whether a host is ours (RFC 8555 section 8.3). Requests for tokens that are not ours go on like others. Only a
 * reverse proxy is asked as the host itself.
 */
export function acmeChallenge({ challenges, service }: Pick<HttpContext, 'challenges' | 'service'>): Step | undefined {
  if (challenges === undefined || service.mode !== 'reverse') return undefined;
  return {
    name: 'acme-challenge',
    request(call) {
      if (!challenges.hasOpen) return;
      const token = tokenOf(call.request);
      const content = token === undefined ? undefined : challenges.find(token);
      if (content === undefined) return;
      const fields = [
        ['Content-Type', 'application/octet-stream'],
        ['Content-Length', String(Buffer.byteLength(content))],
      ] as const;
      const answer = { status: 200, reason: 'OK', fields };
      call.answer(call.request.method === 'HEAD' ? answer : { ...answer, content });
    },
  };
}

/** Of a request in origin-form: what a client asks in absolute-form is for a proxy. */
function tokenOf({ form, method, buffer, base, pathStart, pathEnd }: RequestHead): string | undefined {
  if (form !== 'origin' || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const [start, end] = [base + pathStart, base + pathEnd];
  const tokenStart = start + PREFIX.length;
  if (end <= tokenStart || buffer.compare(PREFIX, 0, PREFIX.length, start, tokenStart) !== 0) return undefined;
  return buffer.toString('latin1', tokenStart, end);
}
