import { boundServersOf, type ClientConnection } from '@inband/core';
import type { RequestHead } from '../message/head/request-head.ts';
import type { HeadReader } from '../message/parser/head-reader.ts';
import type { HttpContext } from '../service/context.ts';
import { toldClient } from './told-client.ts';

/** The request heads of a client connection, one after the other, and whose requests they are. Made when a first byte comes. */
export class RequestHeads {
  readonly #client: ClientConnection;
  #reader: HeadReader<RequestHead> | undefined = undefined;
  /** Whose the last request was, where a trusted proxy said so. */
  #told: ClientConnection | undefined = undefined;

  constructor(client: ClientConnection) {
    this.#client = client;
  }

  /** Reads the head that is incomplete, else the next one. */
  reader(context: HttpContext): HeadReader<RequestHead> {
    const { requestReaders, requestLimits, secureRequestLimits } = context;
    return (this.#reader ??= requestReaders.take(this.#client.tls === undefined ? requestLimits : secureRequestLimits));
  }

  /** The head that is incomplete. */
  get head(): RequestHead | undefined {
    return this.#reader?.head;
  }

  /** The head is complete, and an exchange has its reader. */
  gaveAway(): void {
    this.#reader = undefined;
  }

  /** Gives the reader of an incomplete head back. */
  drop(context: HttpContext): void {
    if (this.#reader !== undefined) context.requestReaders.give(this.#reader);
    this.#reader = undefined;
  }

  // ---- whose they are

  /** Whose the last request was. */
  get client(): ClientConnection {
    return this.#told ?? this.#client;
  }

  /** Checks what a head says, and whose request it is. */
  understand(head: RequestHead, { rules, trustedProxies }: HttpContext): void {
    head.understand(rules);
    if (trustedProxies === undefined && this.#told === undefined) return;
    // A newer configuration may trust no proxy any more, so that the request is of the connection's own client.
    const told = trustedProxies && toldClient(trustedProxies, head, this.#client, this.#told);
    if (told === this.#told) return;
    // What another client has logged in on is closed.
    closeBound(this.#told);
    this.#told = told === this.#client ? undefined : told;
  }

  /** Closes what clients have logged in on. */
  closeBound(): void {
    closeBound(this.#client);
    closeBound(this.#told);
  }
}

function closeBound(client: ClientConnection | undefined): void {
  if (client !== undefined) boundServersOf(client)?.close();
}
