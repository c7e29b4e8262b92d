import { hash } from 'node:crypto';
import type { ProxyError, RequestForm } from '@inband/core';
import { parseChallenges } from './challenges.ts';
import { loginRefused } from '../handshake/refusals.ts';
import { wrongLogin } from './http-login.ts';

/** The same credentials for every request: Basic (RFC 7617), and Bearer (RFC 6750). */
export class FixedLogin implements RequestForm {
  readonly id: string;
  readonly signsUrl = false;
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    this.id = `parent ${hash('sha256', value).slice(0, 24)}`;
  }

  /** In UTF-8, as most proxies expect today. */
  static basic(user: string, password: string): FixedLogin {
    return new FixedLogin(`Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`);
  }

  static bearer(token: string): FixedLogin {
    return new FixedLogin(`Bearer ${token}`);
  }

  credentials(): string {
    return this.#value;
  }

  challenged(_session: unknown, challenges: readonly string[]): ProxyError {
    const offered = parseChallenges(challenges).map(({ scheme }) => scheme);
    if (this.#value.startsWith('Basic ') && offered.includes('basic'))
      return loginRefused('The parent proxy refused the user or the password.', 407);
    return wrongLogin(offered);
  }
}
