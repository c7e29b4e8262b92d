import { isPromise, type MaybePromise } from '@inband/core';
import type { ResponseHead } from '../../../message/head/response-head.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';
import { RequestCopy } from './filter-views.ts';
import { Rerouting } from './reroute.ts';
import { RunningFilter } from './running-filter.ts';

/** Has the filters of the service look at requests and tunnels in their order, and at answers in the reverse order. */
export function filters(context: HttpContext): Step | undefined {
  const { filters: configured, filterParents } = context;
  if (configured === undefined) return undefined;
  const rerouting = new Rerouting(filterParents);
  const running = configured.map((settings, index) => new RunningFilter(settings, index, rerouting, context));
  const backwards = running.toReversed();
  const answersToo = configured.some(({ filter }) => filter.onResponse !== undefined);
  const response = (call: Call, head: ResponseHead): MaybePromise<void> => {
    // What answers CONNECT, and a switch of protocols, open a tunnel.
    if (head.status === 101) return undefined;
    const request = new RequestCopy(call);
    return inTurn(backwards, (filter) => (call.isOver ? undefined : filter.response(call, head, request)));
  };
  return {
    name: 'filters',
    request: (call) => inTurn(running, (filter) => (call.isOver ? undefined : filter.request(call))),
    ...(answersToo && { response }),
    close: () => rerouting.close(),
  };
}

/** Calls `act` for each, one after the other. */
function inTurn<Each>(all: readonly Each[], act: (each: Each) => MaybePromise<void>, from = 0): MaybePromise<void> {
  for (let at = from; at < all.length; at += 1) {
    const each = all[at];
    const waiting = each && act(each);
    if (isPromise(waiting)) return waiting.then(() => inTurn(all, act, at + 1));
  }
  return undefined;
}
