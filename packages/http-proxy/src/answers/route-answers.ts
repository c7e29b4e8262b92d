import { AccessDeniedError } from '@inband/core';
import type { FieldSource, FieldValue, OpenFieldSource } from '../fields/field-rules.ts';
import { checkedValue } from '../fields/field-value.ts';
import { parseTemplate } from '../fields/template.ts';
import type { Subject } from '../fields/variables.ts';
import type { OwnAnswer } from './own-answer.ts';
import { reasonFor } from './reasons.ts';

/** An answer of the configuration: `routes[].respond`. */
export interface RouteResponse {
  readonly status: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly body: string | undefined;
}

/** `routes[].redirect`. */
export interface RouteRedirect {
  readonly status: number;
  /** A template. */
  readonly location: string;
}

/** What a route answers by itself, without a server. */
export type RouteAnswer =
  | { readonly kind: 'respond'; readonly respond: RouteResponse }
  | { readonly kind: 'redirect'; readonly redirect: RouteRedirect };

/** By the names of routes: `services.web.routes[0]`. */
export type RouteAnswers = Readonly<Record<string, RouteAnswer>>;

/** Makes the answer to a request. Throws where it can have none. */
export type AnswerRequest = (subject: Subject) => OwnAnswer;

/** These have no content by RFC 9110, and the first and the last no length either. */
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/** `route`: its name, for messages. The templates must be right. Throws if what `open` is asked for cannot be used; whoever gives it closes it. */
export function compileAnswer(route: string, answer: RouteAnswer, open: OpenFieldSource): AnswerRequest {
  const isRedirect = answer.kind === 'redirect';
  const fields = Object.entries<FieldValue>(
    isRedirect ? { location: answer.redirect.location } : answer.respond.fields,
  );
  const { status } = isRedirect ? answer.redirect : answer.respond;
  const body = isRedirect ? undefined : answer.respond.body;
  const place = `${route}.${answer.kind}`;
  const lines = fields.map(([name, value]) => {
    const valueFor = typeof value === 'string' ? templateOf(name, value) : sourced(value, open);
    return { name, valueFor };
  });
  const ownFields = contentFields(status, fields, body);
  const common = { status, reason: reasonFor(status) };
  return (subject) => {
    const { method } = subject.request;
    if (method === 'CONNECT') throw noTunnel(place);
    const written = lines.map(({ name, valueFor }) => [name, checkedValue(name, valueFor(subject), place)] as const);
    const head = { ...common, fields: [...written, ...ownFields] };
    return body === undefined || method === 'HEAD' ? head : { ...head, content: body };
  };
}

/** The fields that say what the content of an answer is. Text is `text/plain` unless `fields` say otherwise. */
export function contentFields(
  status: number,
  fields: readonly (readonly [name: string, value: unknown])[],
  body: string | Uint8Array | undefined,
): readonly (readonly [name: string, value: string])[] {
  if (status === 204 || status === 304) return [];
  const length = ['Content-Length', String(Buffer.byteLength(body ?? ''))] as const;
  const isTyped = fields.some(([name]) => name.toLowerCase() === 'content-type');
  return isTyped || typeof body !== 'string' ? [length] : [['Content-Type', 'text/plain; charset=utf-8'], length];
}

/** Whether an answer with this status may have content. */
export function mayHaveContent(status: number): boolean {
  return !WITHOUT_CONTENT.has(status);
}

type ValueFor = (subject: Subject) => string;

function templateOf(name: string, text: string): ValueFor {
  const template = parseTemplate(text, { forUrl: name.toLowerCase() === 'location' });
  if ('problem' in template) throw new Error(`The template ${JSON.stringify(text)} is wrong: ${template.problem}.`);
  return (subject) => template.textFor(subject);
}

function sourced(source: FieldSource, open: OpenFieldSource): ValueFor {
  const { prefix = '' } = source;
  const value = open(source);
  return () => prefix + value.text;
}

/** A client that asks for a tunnel would take what comes for bytes of its server. */
function noTunnel(place: string): Error {
  const message =
    'The route of this request is answered by the proxy itself, so that there is no server to open a tunnel to.';
  return new AccessDeniedError('http_request_denied', message, place, { setting: place });
}
