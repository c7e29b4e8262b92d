import { AddressSyntaxError, parseServerAddress, type ServerAddress } from '../options/server-address.ts';

/** A parent as a URL names it: `socks5h://user:password@10.0.0.1:1080`. */
export interface ParentUrl {
  readonly protocol: 'http' | 'https' | 'socks4a' | 'socks5';
  readonly server: ServerAddress;
  /** The same as text: `10.0.0.1:1080`. */
  readonly address: string;
  /** Who resolves names. */
  readonly resolve: 'remote' | 'local';
  readonly user: string | undefined;
  readonly password: string | undefined;
}

type Scheme = Pick<ParentUrl, 'protocol' | 'resolve'>;

/** As curl has them: `socks5` and `socks4` resolve names here, `socks5h` and `socks4a` have the parent do it. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  http: { protocol: 'http', resolve: 'remote' },
  https: { protocol: 'https', resolve: 'remote' },
  socks: { protocol: 'socks4a', resolve: 'local' },
  socks4: { protocol: 'socks4a', resolve: 'local' },
  socks4a: { protocol: 'socks4a', resolve: 'remote' },
  socks5: { protocol: 'socks5', resolve: 'local' },
  socks5h: { protocol: 'socks5', resolve: 'remote' },
};

/** As curl has it, for all schemes but https. */
const DEFAULT_PORT = 1080;

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:([^/]*)@)?(\[[^\]/]*\]|[^:/]*)(?::(\d*))?\/?$/i;

/** Throws an {@link AddressSyntaxError} that does not show the password. Without a scheme it is http. */
export function parseParentUrl(text: string): ParentUrl {
  const [whole, name = 'http', login, host = '', port = ''] = URL_PARTS.exec(text) ?? [];
  if (whole === undefined || host === '')
    throw new AddressSyntaxError('expected the URL of a proxy: http://host:3128 or socks5h://user:password@host:1080');
  const scheme = Object.hasOwn(SCHEMES, name.toLowerCase()) ? SCHEMES[name.toLowerCase()] : undefined;
  if (scheme === undefined)
    throw new AddressSyntaxError(`a proxy is reached by ${Object.keys(SCHEMES).join(', ')}, found "${name}"`);
  const usual = scheme.protocol === 'https' ? 443 : DEFAULT_PORT;
  const address = `${host.toLowerCase()}:${port === '' ? usual : port}`;
  const server = parseServerAddress(address);
  const [user, password] = login === undefined ? [] : loginOf(login);
  return { ...scheme, server, address, user, password };
}

function loginOf(login: string): [user: string, password: string | undefined] {
  const colon = login.indexOf(':');
  try {
    if (colon === -1) return [decodeURIComponent(login), undefined];
    return [decodeURIComponent(login.slice(0, colon)), decodeURIComponent(login.slice(colon + 1))];
  } catch {
    throw new AddressSyntaxError('the user or password of the proxy has a "%" that is no escape: write %25');
  }
}
