import { DefectError, PROXY_ERRORS, type ProxyError, type ServiceMode } from '@inband/core';

/** What is known about the request that is answered. */
export interface ErrorContext {
  readonly mode: ServiceMode;
  /** Our name, for `Proxy-Status`. */
  readonly pseudonym: string;
  readonly method: string;
  /** Whether the client prefers a page to JSON. */
  readonly html: boolean;
  /** The setting that would change the outcome, as a path from the top of the configuration. */
  readonly setting: string | undefined;
  /** The id of the request in the log; undefined where it has none. */
  readonly id?: string | undefined;
  readonly date: string;
  /** Whether the client connection is open for another request. */
  readonly keepAlive: boolean;
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:10vh auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em}code{background:#eee;padding:.1em .3em}footer{color:#666;font-size:.85em;margin-top:3em}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code{background:#333}}`;

/** SHA-256 of the style; a test keeps it true. */
const STYLE_HASH = 'FiDqemUXDOM+95tlVLXXwaYgfhiZK53z+qi3SwoFymE=';

/** An answer of ours is what it says it is, and a browser shows its style and nothing else, whatever stands in it. */
const PROTECTION = [
  'X-Content-Type-Options: nosniff',
  `Content-Security-Policy: default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`,
];

/** A response of our own: what failed, whose fault it is, and what would change it. */
export function errorResponse(error: ProxyError, context: ErrorContext): Buffer {
  const title = TITLES[error.status] ?? 'Error';
  const detail = detailFor(error, context.mode);
  const body = context.html ? page(error, title, detail, context) : problem(error, title, detail, context);
  const head = [
    `HTTP/1.1 ${error.status} ${title}`,
    `Date: ${context.date}`,
    `Content-Type: ${context.html ? 'text/html; charset=utf-8' : 'application/problem+json'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...PROTECTION,
    `Proxy-Status: ${context.pseudonym}; error=${error.code};${idParameter(context)} details=${quoted(detail)}`,
    ...(error.retryAfter === undefined ? [] : [`Retry-After: ${error.retryAfter}`]),
    ...(error.status === 405 ? ['Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH'] : []),
    ...(context.keepAlive ? [] : ['Connection: close']),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${context.method === 'HEAD' ? '' : body}`);
}

/**
 * A parameter of our own (RFC 9209 section 2.2). A text that is not the last one, because some clients take a `0` before
 * an empty line for the end of a chunked body.
 */
function idParameter({ id }: ErrorContext): string {
  return id === undefined ? '' : ` id=${quoted(id)};`;
}

/** Clients of a reverse proxy are strangers: they are not told about the servers behind it. Nobody is told of defects. */
function detailFor(error: ProxyError, mode: ServiceMode): string {
  const isForTheLog = error instanceof DefectError || (mode === 'reverse' && error.fault !== 'client');
  return isForTheLog ? PROXY_ERRORS[error.code].description : error.message;
}

function settingFor(error: ProxyError, context: ErrorContext): string | undefined {
  return context.mode === 'reverse' && error.fault !== 'client' ? undefined : context.setting;
}

/** RFC 9457. */
function problem(error: ProxyError, title: string, detail: string, context: ErrorContext): string {
  const setting = settingFor(error, context);
  const fields = {
    type: `urn:inband:error:${error.code}`,
    title,
    status: error.status,
    detail,
    error: error.code,
    fault: error.fault,
    retry: error.retry,
    ...(setting === undefined ? {} : { setting }),
    ...(context.id === undefined ? {} : { id: context.id }),
  };
  return `${JSON.stringify(fields, undefined, 2)}\n`;
}

const FAULTS = { client: 'the request', server: 'the server', proxy: 'the proxy' } as const;

function page(error: ProxyError, title: string, detail: string, context: ErrorContext): string {
  const setting = settingFor(error, context);
  const hint =
    setting === undefined ? '' : `<p>The setting <code>${escapeHtml(setting)}</code> would change this.</p>\n`;
  const again = error.retry ? '<p>Trying again may help.</p>\n' : '';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${error.status} ${title}</title>
<style>${STYLE}</style>
<h1>${error.status} ${title}</h1>
<p>${escapeHtml(detail)}</p>
${again}${hint}<footer>${escapeHtml(context.pseudonym)} &middot; <code>${error.code}</code> &middot; fault of ${FAULTS[error.fault]}${idText(context)}</footer>
`;
}

function idText({ id }: ErrorContext): string {
  return id === undefined ? '' : ` &middot; request <code>${escapeHtml(id)}</code>`;
}

function escapeHtml(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** An sf-string (RFC 9651 section 3.3.3): printable ASCII in quotes. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
}
