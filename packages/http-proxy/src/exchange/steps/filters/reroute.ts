import {
  type Chainer,
  isPromise,
  type MaybePromise,
  type RequestChange,
  type Route,
  sessionWriter,
} from '@inband/core';
import type { FilterParents } from '../../../service/filter-parents.ts';
import { judge } from '../admit.ts';
import { lookAgain } from '../conditions/look-at-request.ts';
import { checkConnectPort } from '../connect-ports.ts';
import { routeOf, takeRoute } from '../route.ts';
import type { Call } from '../step.ts';

/** Sends requests elsewhere than their clients and their routes say. */
export class Rerouting {
  readonly #parents: FilterParents | undefined;
  /** By chainer and route: who has logged in at a server gets the same one again by the same route. */
  readonly #routes = new WeakMap<Chainer, WeakMap<Route, Route>>();

  constructor(parents: FilterParents | undefined) {
    this.#parents = parents;
  }

  /** Policy judges another target as if the client had asked for it. Throws that judgement, or what is wrong with the change. */
  apply(call: Call, { target, route, parent }: Pick<RequestChange, 'target' | 'route' | 'parent'>): MaybePromise<void> {
    if (target !== undefined) retarget(call, target);
    if (route !== undefined) takeRoute(call, named(call, route));
    else if (target !== undefined) takeRoute(call, routeOf(call));
    if (parent === undefined) return undefined;
    if (this.#parents === undefined) throw new TypeError('there is nobody here who reaches parents');
    const chainer = this.#parents.chainerFor(parent);
    if (!isPromise(chainer)) return this.#takeParent(call, chainer);
    return chainer.then((found) => this.#takeParent(call, found));
  }

  close(): void {
    this.#parents?.close();
  }

  #takeParent(call: Call, chainer: Chainer): void {
    if (call.isOver || call.route === undefined) return;
    const { route } = call;
    const routes = this.#routes.get(chainer) ?? new WeakMap<Route, Route>();
    this.#routes.set(chainer, routes);
    const through = routes.get(route) ?? Object.freeze({ ...route, chainer });
    routes.set(route, through);
    takeRoute(call, through);
  }
}

function retarget(call: Call, target: string): void {
  const { request, session } = call;
  try {
    request.retarget(target);
  } catch (error) {
    // The filter has made it, and not the client.
    throw new TypeError(
      `the target ${JSON.stringify(target)}: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
  sessionWriter.setTarget(session, request.target);
  lookAgain(call);
  checkConnectPort(call);
  judge(call);
}

function named({ context: { service } }: Call, name: string): Route {
  const found = service.routeNamed?.(name);
  if (found === undefined) throw new TypeError(`there is no route ${JSON.stringify(name)}`);
  return found;
}
