import type { AuthRequest } from '@inband/core';
import { FieldList } from '../../../fields/field-list.ts';
import { inUrl, isSecure, targetOf } from '../../../fields/variables.ts';
import type { Call } from '../step.ts';

const USUAL_PORT = { http: 80, https: 443 } as const;

/** A request as authenticators see it. */
export class AskedRequest implements AuthRequest {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  get method(): string {
    return this.#call.request.method;
  }

  get target(): string {
    return this.#call.request.url ?? '';
  }

  get scheme(): 'http' | 'https' {
    return isSecure(this.#call.session, this.#call.request) ? 'https' : 'http';
  }

  get authority(): string {
    const { method, target } = this.#call.request;
    const host = inUrl(target.host);
    return method !== 'CONNECT' && target.port === USUAL_PORT[this.scheme] ? host : `${host}:${target.port}`;
  }

  get path(): string {
    return this.method === 'CONNECT' ? '/' : targetOf(this.#call.request);
  }

  fields(name: string): readonly string[] {
    return new FieldList(this.#call.request).valuesOf(name);
  }
}
