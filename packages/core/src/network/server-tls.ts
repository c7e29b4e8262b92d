import type { ConnectionLayer } from './establish-options.ts';

/** What `tls` of a chainer says. Complete and read-only. */
export interface ServerTlsSettings {
  /** Whether the chain of the server must lead to an authority that is trusted, and name the server. */
  readonly verify: boolean;
  /** The name or address that every server must be certified for. Undefined: the one by which it is known. */
  readonly servername: string | undefined;
  /** Files of authorities (PEM), which are the only ones that are trusted. Undefined: those of Node. */
  readonly ca: readonly string[] | undefined;
  /** Files of lists of revoked certificates (PEM). With one, each authority of a chain needs one. */
  readonly crl: readonly string[] | undefined;
  /** The file of a client certificate with its chain (PEM), for servers that ask for one. */
  readonly cert: string | undefined;
  /** The file of its key (PEM). */
  readonly key: string | undefined;
  /** "sha256/" and the SHA-256 of a public key (SPKI) in base64. The server's own must be one of them, if there are any. */
  readonly pin: readonly string[];
  /** The lowest version that is spoken. */
  readonly minVersion: '1.2' | '1.3';
  /** The option of the chainer that says so, for messages. Default: `tls`. */
  readonly option?: readonly string[];
}

/** Makes layers of TLS for connections to servers, from the settings of a chainer. */
export interface ServerTls {
  /** The layer for a server that is known by `name`, a host name or an IP address. */
  layerFor(name: string): ConnectionLayer;
}
