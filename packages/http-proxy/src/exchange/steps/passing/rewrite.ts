import type { HostPort } from '@inband/core';
import { FieldList } from '../../../fields/field-list.ts';
import type { ResponseHead } from '../../../message/head/response-head.ts';
import type { RewrittenTarget } from '../../../message/rewritten.ts';
import { Literal } from '../../../message/words.ts';
import { cookieBack, type Mapping, urlBack } from '../../../rewriting/map-back.ts';
import { rewritePath } from '../../../rewriting/rewrite-path.ts';
import { type RouteRewrite, splitAuthority } from '../../../rewriting/route-rewrite.ts';
import type { HttpContext } from '../../../service/context.ts';
import { askedHost, isSecure } from '../../../fields/variables.ts';
import type { Call, Step } from '../step.ts';

/** Has servers see another path or host than the client asked for, as routes say, and maps back what they answer about themselves. */
export function rewrite({ routeRewrites }: Pick<HttpContext, 'routeRewrites'>): Step | undefined {
  if (routeRewrites === undefined) return undefined;
  const byRoute = new Map(Object.entries(routeRewrites));
  const rewriteOf = ({ route }: Call): RouteRewrite | undefined => route && byRoute.get(route.name);
  return {
    name: 'rewrite',
    request(call) {
      const written = rewriteOf(call);
      if (written !== undefined) call.request.rewritten = targetFor(call, written);
    },
    response(call, head) {
      const written = rewriteOf(call);
      if (written?.answers === true) mapBack(call, head, written);
    },
  };
}

function targetFor({ request, route }: Call, { path, host }: RouteRewrite): RewrittenTarget {
  const { buffer, base, pathStart, pathEnd, target } = request;
  const written = buffer.toString('latin1', base + pathStart, base + pathEnd);
  return {
    path: path && new Literal(rewritePath(written, path, `${route?.name}.rewrite`)),
    host: host === undefined ? undefined : new Literal(host),
    server: host === undefined ? undefined : serverAt(host, target),
  };
}

/** Without a port it is the one that was asked for. */
function serverAt(host: string, asked: HostPort): HostPort {
  const { host: name, port = asked.port } = splitAuthority(host);
  return { host: name, port };
}

function mapBack(call: Call, head: ResponseHead, { path, host }: RouteRewrite): void {
  const { request, session } = call;
  const asked = askedHost(call);
  const mapping: Mapping = {
    path,
    server: host === undefined ? asked : serverAt(host, asked),
    asked: { ...asked, scheme: isSecure(session, request) ? 'https' : 'http' },
  };
  const fields = new FieldList(head);
  for (const name of ['location', 'content-location']) fields.replace(name, (url) => urlBack(url, mapping));
  fields.replace('set-cookie', (cookie) => cookieBack(cookie, mapping));
  fields.write();
}
