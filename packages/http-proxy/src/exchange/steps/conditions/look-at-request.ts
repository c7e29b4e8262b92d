import { type RequestCondition, type Service, sessionWriter } from '@inband/core';
import { pathOf } from '../../../message/view/path-of.ts';
import type { RequestHead } from '../../../message/head/request-head.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';

/**
 * Evaluates what access rules and routes ask of a request (path, fields, query, cookies), once and for all: rules are evaluated again for each
 * address of a server, when steps have changed the fields and the client has sent other bytes.
 */
export function lookAtRequest({ service }: Pick<HttpContext, 'service'>): Step | undefined {
  const conditions = conditionsOf(service);
  if (conditions.length === 0) return undefined;
  return { name: 'look-at-request', request: (call) => look(call, conditions) };
}

/** Evaluates them for a request that goes elsewhere than its client said: its path may be another one. */
export function lookAgain(call: Call): void {
  if (call.session.met !== undefined) look(call, conditionsOf(call.context.service));
}

function conditionsOf({ policy, conditions = [] }: Service): RequestCondition[] {
  return [...policy.conditions, ...conditions];
}

function look({ request, session }: Call, conditions: readonly RequestCondition[]): void {
  const hasFields = session.client.protocol === undefined;
  const lookedAt = {
    target: request.form === 'authority' ? undefined : pathOf(request),
    valuesOf: (name: string) => (hasFields ? valuesWhere(request, (index) => request.isNamed(index, name)) : undefined),
    valuesLike: (name: string) =>
      hasFields ? valuesWhere(request, (index) => request.isNamedLike(index, name)) : undefined,
  };
  sessionWriter.setMet(session, new Set(conditions.filter((condition) => condition.isMetBy(lookedAt))));
}

/** Also of fields that servers do not get. */
function valuesWhere(head: RequestHead, isWanted: (index: number) => boolean): string[] {
  const values: string[] = [];
  for (let index = 0; index < head.fieldCount; index += 1) {
    if (isWanted(index)) values.push(head.value(index));
  }
  return values;
}
