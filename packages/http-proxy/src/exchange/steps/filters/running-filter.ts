import {
  AccessDeniedError,
  DefectError,
  type FilterRequest,
  isPromise,
  type MaybePromise,
  ProxyError,
  RateLimitedLine,
  type ServiceFilter,
  type TimeoutList,
} from '@inband/core';
import type { ResponseHead } from '../../../message/head/response-head.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call } from '../step.ts';
import { bounded } from './bounded.ts';
import { answerOf } from './filter-answer.ts';
import { changeFields } from './filter-fields.ts';
import { RequestCopy, ResponseCopy, TunnelCopy } from './filter-views.ts';
import type { Rerouting } from './reroute.ts';
import { requestTooBig, responseTooBig } from './body-limits.ts';
import { type Hook, type Verdict, verdictOf } from './verdict.ts';

/** One call of a function of a filter. */
interface Asking {
  readonly hook: Hook;
  readonly call: Call;
  readonly ask: () => unknown;
  /** Does what the function returned. */
  readonly act: (verdict: Verdict) => MaybePromise<void>;
}

const EMPTY = new Uint8Array(0);

/** A defect that says already whose it is. */
class FilterDefect extends DefectError {}

/** A library of a plugin may have promises of its own. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Calls the functions of one filter of a service, and does what they return. */
export class RunningFilter {
  readonly #settings: ServiceFilter;
  readonly #lateLine: RateLimitedLine;
  readonly #rerouting: Rerouting;
  readonly #timeout: TimeoutList;
  /** In the configuration: `services.web.filters[0]`. */
  readonly #place: string;

  constructor(settings: ServiceFilter, index: number, rerouting: Rerouting, { service, timers, logger }: HttpContext) {
    this.#settings = settings;
    this.#lateLine = new RateLimitedLine((fields) => logger.warn(fields, 'a filter did not return in time'));
    this.#rerouting = rerouting;
    this.#timeout = timers.list(settings.timeout);
    this.#place = `services.${service.name}.filters[${index}]`;
  }

  /** Tunnels by CONNECT and SOCKS are no requests, and one by `Upgrade` is both. */
  request(call: Call): MaybePromise<void> {
    if (call.request.method === 'CONNECT') return this.#tunnel(call);
    const asked = this.#request(call);
    if (call.request.upgradeIndex < 0) return asked;
    return isPromise(asked) ? asked.then(() => this.#tunnel(call)) : this.#tunnel(call);
  }

  #request(call: Call): MaybePromise<void> {
    const { filter, maximumBody: most } = this.#settings;
    if (filter.onRequest === undefined) return undefined;
    if (filter.requestBody !== 'buffer') return this.#ask(call, undefined);
    if (!call.request.hasBody) return this.#ask(call, EMPTY);
    const tooBig = (): Error => requestTooBig(most, this.#place);
    return call.bodies.request.whole({ most, tooBig }).then((body) => this.#ask(call, body));
  }

  #ask(call: Call, body: Uint8Array | undefined): MaybePromise<void> {
    if (call.isOver) return undefined;
    const { filter } = this.#settings;
    const copy = new RequestCopy(call, body);
    return this.#run({
      hook: 'onRequest',
      call,
      ask: () => filter.onRequest?.(copy),
      act: (verdict) => this.#send(call, verdict),
    });
  }

  #tunnel(call: Call): MaybePromise<void> {
    const { filter } = this.#settings;
    if (filter.onTunnel === undefined || call.isOver) return undefined;
    const copy = new TunnelCopy(call);
    return this.#run({
      hook: 'onTunnel',
      call,
      ask: () => filter.onTunnel?.(copy),
      act: (verdict) => this.#send(call, verdict),
    });
  }

  response(call: Call, head: ResponseHead, request: FilterRequest): MaybePromise<void> {
    const { filter, maximumBody: most } = this.#settings;
    if (filter.onResponse === undefined) return undefined;
    const ask = (body: Uint8Array | undefined): MaybePromise<void> => {
      if (call.isOver) return undefined;
      const copy = new ResponseCopy(head, request, body);
      return this.#run({
        hook: 'onResponse',
        call,
        ask: () => filter.onResponse?.(copy),
        act: (verdict) => this.#pass(call, head, verdict),
      });
    };
    if (filter.responseBody !== 'buffer') return ask(undefined);
    const tooBig = (): Error => responseTooBig(most, this.#place);
    return call.bodies.answer.whole({ most, tooBig }).then(ask);
  }

  #pass(call: Call, head: ResponseHead, verdict: Verdict): void {
    if (this.#ends(call, verdict)) return;
    if (verdict.fields !== undefined) changeFields(head, verdict.fields, this.#place);
    if (verdict.body !== undefined)
      call.bodies.answer.change(verdict.body, (error) => this.#errorOf('onResponse', error));
  }

  /** Whatever fails is an error of the filter, unless it is meant for the client. */
  #run({ hook, call, ask, act }: Asking): MaybePromise<void> {
    const decide = (returned: unknown): MaybePromise<void> => {
      // Nobody waits for it any more.
      if (call.isOver) return undefined;
      const verdict = verdictOf(hook, returned);
      return verdict && act(verdict);
    };
    const fail = (error: unknown): never => {
      throw this.#errorOf(hook, error);
    };
    try {
      const returned = ask();
      if (isThenable(returned)) {
        return bounded(returned, call.session, this.#timeout, () => this.#late(hook))
          .then(decide)
          .catch(fail);
      }
      const acting = decide(returned);
      return isPromise(acting) ? acting.catch(fail) : acting;
    } catch (error) {
      return fail(error);
    }
  }

  #send(call: Call, verdict: Verdict): MaybePromise<void> {
    if (this.#ends(call, verdict)) return undefined;
    if (verdict.fields !== undefined) changeFields(call.request, verdict.fields, this.#place);
    if (verdict.body !== undefined)
      call.bodies.request.change(verdict.body, (error) => this.#errorOf('onRequest', error));
    return this.#rerouting.apply(call, verdict);
  }

  /** Whether the filter has answered by itself. Throws if it refuses. */
  #ends(call: Call, { respond, deny }: Verdict): boolean {
    if (deny !== undefined)
      throw new AccessDeniedError('http_request_denied', deny, this.#place, { setting: this.#place });
    if (respond === undefined) return false;
    call.answer(answerOf(respond, call.session.method ?? '', this.#place));
    return true;
  }

  /** With the name of the filter, for the log. What it threw is not for the client, except an error of the proxy's own kind. */
  #errorOf(hook: Hook, error: unknown): ProxyError {
    if (error instanceof ProxyError && (!(error instanceof DefectError) || error instanceof FilterDefect)) return error;
    const cause = error instanceof DefectError ? error.cause : error;
    const text = cause instanceof Error ? cause.message : String(cause);
    const message = `The filter "${this.#settings.kind}" (${this.#place}) failed in ${hook}: ${text}`;
    const named = new Error(message);
    // Not as its cause, because loggers add the message of a cause to that of the error. Where it was thrown is of use.
    if (cause instanceof Error && cause.stack !== undefined) named.stack = cause.stack;
    return new FilterDefect(named);
  }

  #late(hook: Hook): ProxyError {
    const { kind, timeout } = this.#settings;
    this.#lateLine.log(() => ({ filter: kind, function: hook, setting: `${this.#place}.timeout` }));
    const message = `A filter of the proxy did not decide within ${timeout} ms.`;
    return new ProxyError('proxy_internal_error', message, { status: 504, setting: `${this.#place}.timeout` });
  }
}
