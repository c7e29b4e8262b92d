import { serviceName } from '@inband/chainers';
import * as z from 'zod';
import { proxyProtocol } from '../../client/trusted-proxies.ts';
import { account, fileMode, listenerBind } from '../../values/values.ts';
import { listenerTls } from './tls.ts';

/** A listener of `listeners`. */
export const listener = z.strictObject({
  bind: listenerBind.describe(
    'Where to listen: "127.0.0.1:3128", "[::1]:3128", ":3128", "unix:/path", "unix:@name", or "systemd:name" for a socket unit. Port 0: any free one.',
  ),
  service: serviceName.describe('The service that its clients get.'),
  transparent: z
    .enum(['redirect', 'tproxy'])
    .optional()
    .describe(
      'For intercepted connections: how they arrive. redirect: a REDIRECT rule sends them here; tproxy: a TPROXY rule does.',
    ),
  mode: fileMode.optional().describe('Of a unix socket: the mode of its file, in quotes: "0660".'),
  user: account.optional().describe('Of a unix socket: who owns its file.'),
  group: account.optional().describe('Of a unix socket: the group of its file.'),
  accept: z
    .array(z.enum(['http', 'socks5', 'socks4a']))
    .min(1)
    .default(['http'])
    .describe('What clients may speak; their first byte tells. SOCKS is for services of mode forward.'),
  proxyProtocol: proxyProtocol
    .optional()
    .describe(
      'Connections of trustedProxies begin with a header of the PROXY protocol (v1 or v2), before TLS: required, or optional.',
    ),
  tls: listenerTls.optional().describe('Clients speak TLS, which ends here.'),
});
