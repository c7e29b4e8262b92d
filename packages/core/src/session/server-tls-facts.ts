import type { Connection } from '../base/connection.ts';

/** What the TLS handshake with a server made. Complete and read-only. */
export interface ServerTlsFacts {
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** In IANA's words: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The name or address that the server was to be certified for. */
  readonly serverName: string;
  /** `chain`: its chain leads to an authority that is trusted, and names the server. `pin`: only its key was compared. */
  readonly verified: 'chain' | 'pin' | 'no';
  /** Whether a session of an earlier connection was resumed. */
  readonly resumed: boolean;
}

/** What a layer has made of a connection to a server. */
export interface LayeredConnection extends Connection {
  readonly serverTls?: ServerTlsFacts | undefined;
}
