import { z } from 'zod';
import { lazily } from '../options/lazily.ts';
import { connecting, nestedChainer } from '../options/options.ts';
import { tlsContradiction } from '../options/tls-settings.ts';
import type { TlsOption } from '../options/server-tls.ts';
import { poolShape, type PoolOptions } from '../pool/options/pool-options.ts';
import { addressesOf } from '../pool/options/server-options.ts';
import { authProblem, type ParentAuth, parentAuth, type ParentProtocolName } from './auth-options.ts';

export interface ParentOptions extends PoolOptions {
  readonly protocol: ParentProtocolName;
  readonly auth?: ParentAuth | undefined;
  /** Default: `remote`. */
  readonly resolve?: 'remote' | 'local' | undefined;
}

/** TLS to the parents is a matter of the protocol. */
export function tlsToParents({ protocol, tls }: Pick<ParentOptions, 'protocol' | 'tls'>): TlsOption {
  return protocol === 'https' && (tls ?? true);
}

export const parentOptions = lazily(() =>
  connecting(
    z.strictObject({
      protocol: z
        .enum(['http', 'https', 'socks4a', 'socks5'])
        .describe('What parents are asked by. https: as http, over TLS to the parent.'),
      auth: parentAuth,
      resolve: z
        .enum(['remote', 'local'])
        .default('remote')
        .describe(
          'Who resolves the names that clients ask for: the parent, and then policy knows the name alone; or this proxy, ' +
            'and then also plain requests go through a tunnel, to an address.',
        ),
      // oxlint-disable-next-line unicorn/no-thenable -- an option, and no function
      then: nestedChainer
        .optional()
        .describe('A chainer whose connections go through the parent. By default the parent connects to the target.'),
      ...poolShape(),
    }),
  )
    .superRefine((options, context) => {
      const { protocol, tls, auth } = options;
      const issue = (path: string, message: string): void => {
        context.addIssue({ code: 'custom', path: [path], message, input: options });
      };
      if (tls !== undefined && tls !== false && protocol !== 'https') {
        issue('tls', `TLS to the parent takes "protocol: https", and this is ${protocol}`);
      }
      if (tls === false && protocol === 'https') issue('tls', 'with "protocol: https" it cannot be off');
      const contradiction = tlsContradiction({ tls: tlsToParents(options) }, addressesOf(options));
      if (contradiction !== undefined) issue('servers', contradiction);
      const problem = auth === undefined ? undefined : authProblem(protocol, auth);
      if (problem !== undefined) issue('auth', problem);
      if (auth === 'pass' && options.then !== undefined) {
        issue('auth', 'logins of clients are not passed through a tunnel: leave "then" out');
      }
    })
    .describe('Connects by other proxies: HTTP, or SOCKS.'),
);
