import type { AuthQuery, AuthRequest } from '@inband/core';

/**
 * What is sent about a request: the chosen fields, and what it is for, in the fields that Traefik, Caddy and others send. What the client itself
 * sent under these names is not passed on.
 */
export function headersFor(
  { client, credentials, request }: AuthQuery & { readonly request: AuthRequest },
  fields: readonly string[],
): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'inband' };
  for (const name of fields) {
    const value = name === 'authorization' ? credentials : joined(name, request.fields(name));
    if (value !== undefined) headers[name] = value;
  }
  headers['x-forwarded-method'] = request.method;
  headers['x-forwarded-proto'] = request.scheme;
  headers['x-forwarded-host'] = request.authority;
  headers['x-forwarded-uri'] = request.path;
  delete headers['x-forwarded-for'];
  if (client.address.family !== 'unix') headers['x-forwarded-for'] = client.address.address;
  return headers;
}

/** A cookie field has semicolons (RFC 6265 section 5.4), every other one commas (RFC 9110 section 5.3). */
function joined(name: string, values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(name === 'cookie' ? '; ' : ', ');
}
