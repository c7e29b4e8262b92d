import { getCACertificates } from 'node:tls';
import { CheckedOpenSsl } from './checked-calls.ts';
import type { Living, OpenSsl, StorePointer } from './calls.ts';
import { Channel } from './channel.ts';
import { OpenSslClientContext } from './client-context.ts';
import type { ClientSettings } from './client-context.ts';
import { loadCalls } from './ffi.ts';
import { OpenSslServerContext } from './server-context.ts';
import type { ServerSettings } from './server-context.ts';
import { storeOf } from './settings.ts';

/** TLS by the OpenSSL that Node's own binary carries, called directly. */
export class OpenSslTls {
  readonly version: string;
  readonly #calls: OpenSsl;
  readonly #channel: Channel;
  #defaultStore: StorePointer | undefined = undefined;

  constructor(calls: OpenSsl) {
    this.version = calls.version;
    this.#calls = calls;
    this.#channel = new Channel(calls);
  }

  /** How many objects of OpenSSL are alive. */
  get living(): Living {
    return { ...this.#calls.living };
  }

  serverContext(settings: ServerSettings): OpenSslServerContext {
    return new OpenSslServerContext(this.#channel, settings);
  }

  clientContext(settings: ClientSettings): OpenSslClientContext {
    return new OpenSslClientContext(this.#channel, settings, () => this.#authorities());
  }

  /** The authorities of Node.js. They are read once, which takes some milliseconds, and kept. */
  #authorities(): StorePointer {
    return (this.#defaultStore ??= storeOf(this.#calls, getCACertificates('default')));
  }
}

let loaded: OpenSslTls | undefined = undefined;

/**
 * Looks whether OpenSSL can be called in this process, and is what the calls were written for; the first time only. Throws an error with
 * one sentence that says what is not. With `INBAND_TLS_CHECK=1` in the environment every call is checked twice.
 */
export function loadOpenSsl(): OpenSslTls {
  return (loaded ??= new OpenSslTls(callsOfThisProcess()));
}

function callsOfThisProcess(): OpenSsl {
  const where = `${process.platform} on ${process.arch}`;
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new Error(`OpenSSL is called directly on Linux with x64 or arm64 only, and this is ${where}.`);
  }
  try {
    const calls = loadCalls();
    return process.env['INBAND_TLS_CHECK'] === '1' ? new CheckedOpenSsl(calls) : calls;
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0]?.replace(/\.$/, '') : String(error);
    throw new Error(`OpenSSL of Node.js cannot be called directly (package koffi): ${message}.`, { cause: error });
  }
}
