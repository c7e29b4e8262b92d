import type { ClientCertificate, ClientTls } from '@inband/core';
import { coversHost, type ServerNames } from '../certificates/server-names.ts';
import type { TlsFacts } from '../base/facts.ts';
import { clientCertificate } from './client-certificate.ts';

/** What sessions, rules and the log know of TLS with a client. */
export class ClientFacts implements ClientTls {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  readonly certificate: ClientCertificate | undefined;
  readonly #names: ServerNames;

  /** `names`: of the certificate that the client got. */
  constructor(facts: TlsFacts, serverName: string | undefined, names: ServerNames) {
    this.version = facts.version;
    this.cipher = facts.cipher;
    this.serverName = serverName;
    this.alpn = facts.alpn;
    this.resumed = facts.resumed;
    this.certificate = facts.peer && clientCertificate(facts.peer);
    this.#names = names;
  }

  covers(host: string): boolean {
    return coversHost(this.#names, host);
  }
}
