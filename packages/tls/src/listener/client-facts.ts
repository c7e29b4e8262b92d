import type { ClientCertificate, ClientTls } from '@inband/core';
import { coversHost, type ServerNames } from '../certificates/server-names.ts';
import type { TlsFacts } from '../base/facts.ts';
import { clientCertificate } from './client-certificate.ts';

/** What a listener knows of a client beside its handshake. */
export interface Origin {
  readonly serverName: string | undefined;
  /** Of the certificate that the client got. */
  readonly names: ServerNames;
  /** Whether clients that ask for a host go the same way, where not all do. */
  readonly goesHere: ((host: string) => boolean) | undefined;
}

/** What sessions, rules and the log know of TLS with a client. */
export class ClientFacts implements ClientTls {
  readonly version: string;
  readonly cipher: string;
  readonly serverName: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  readonly certificate: ClientCertificate | undefined;
  readonly #origin: Origin;

  constructor(facts: TlsFacts, origin: Origin) {
    this.version = facts.version;
    this.cipher = facts.cipher;
    this.serverName = origin.serverName;
    this.alpn = facts.alpn;
    this.resumed = facts.resumed;
    this.certificate = facts.peer && clientCertificate(facts.peer);
    this.#origin = origin;
  }

  covers(host: string): boolean {
    const { names, goesHere } = this.#origin;
    return coversHost(names, host) && (goesHere === undefined || goesHere(host));
  }
}
