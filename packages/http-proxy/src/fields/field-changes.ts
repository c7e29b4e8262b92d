import { type CompilePattern, ProxyError, type Route } from '@inband/core';
import type { RequestHead } from '../message/head/request-head.ts';
import type { ResponseHead } from '../message/head/response-head.ts';
import { type CompiledRule, compileRules, type RuleContext } from './compile-rules.ts';
import { FieldList } from './field-list.ts';
import type { FieldRules, FieldSource, OpenFieldSource, ServiceFieldRules, SourcedValue } from './field-rules.ts';
import { type OwnField, OwnFields } from './own-fields.ts';
import { copyOfRequest, type Subject } from './variables.ts';

/** The rules for the requests of a route, those of the service first. */
interface Applied {
  readonly request: readonly CompiledRule[];
  readonly response: readonly CompiledRule[];
  /** The rules of `response` that are for errors of the proxy, too. */
  readonly always: readonly CompiledRule[];
}

/** A request with its route, as far as one is found. A `Call` is one. */
interface Routed extends Subject {
  readonly route: Route | undefined;
}

/** Changes the fields of an error. It never throws: a rule without a value is not applied. */
export type ChangeError = (fields: readonly OwnField[], status: number) => readonly OwnField[];

/** An answer of the proxy itself. */
interface Own {
  readonly status: number;
  readonly fields: readonly OwnField[];
}

export interface FieldChangesOptions {
  readonly rules: ServiceFieldRules;
  /** The place of the rules in the configuration, for messages. */
  readonly place: string;
  readonly open: OpenFieldSource;
  readonly compilePattern: CompilePattern;
}

/** Changes fields as a service and its routes say. Owns the files that rules name. */
export class FieldChanges {
  readonly #usual: Applied;
  readonly #byRoute: ReadonlyMap<string, Applied>;
  readonly #opened = new Map<string, SourcedValue>();
  readonly #hasAlways: boolean;

  /** Throws a `ProxyError` if a value cannot be used. */
  constructor({ rules, place, open, compilePattern }: FieldChangesOptions) {
    const { service: common = NO_RULES, routes } = rules;
    const context: RuleContext = { place, compilePattern, open: (source) => this.#onlyOnce(source, open) };
    const compile = (own: FieldRules): Applied => {
      const response = compileRules([...common.response, ...own.response], context);
      const request = compileRules([...common.request, ...own.request], context);
      return { request, response, always: response.filter(({ isAlways }) => isAlways) };
    };
    this.#usual = compile(NO_RULES);
    this.#byRoute = new Map(Object.entries(routes).map(([name, own]) => [name, compile(own)]));
    this.#hasAlways = [this.#usual, ...this.#byRoute.values()].some(({ always }) => always.length > 0);
  }

  changeRequest(call: Routed, head: RequestHead): void {
    const rules = this.#rulesFor(call).request;
    if (rules.length > 0) apply(rules, head, call, undefined);
  }

  changeAnswer(call: Routed, head: ResponseHead): void {
    const rules = this.#rulesFor(call).response;
    if (rules.length > 0) apply(rules, head, call, head.status);
  }

  /** An answer of the proxy itself that is no error: of a route, its own pages. */
  changeOwn<Answer extends Own>(call: Routed, answer: Answer): Answer {
    const rules = this.#rulesFor(call).response;
    if (rules.length === 0) return answer;
    const fields = new OwnFields(answer.fields);
    for (const { change } of rules) change({ fields, subject: call, status: answer.status });
    return { ...answer, fields: fields.all };
  }

  /**
   * What changes the fields of an error, which is written when the request may be gone. Without a request (`undefined`), rules that have to do
   * with one are not applied.
   */
  forError(call: Routed | undefined): ChangeError | undefined {
    if (!this.#hasAlways) return undefined;
    const { always } = call === undefined ? this.#usual : this.#rulesFor(call);
    const subject = call && { session: call.session, request: copyOfRequest(call.request) };
    const rules = subject === undefined ? always.filter(({ needsRequest }) => !needsRequest) : always;
    return (written, status) => {
      const fields = new OwnFields(written);
      for (const { change } of rules) orNothing(() => change({ fields, subject, status }));
      return fields.all;
    };
  }

  close(): void {
    for (const value of this.#opened.values()) value.close();
  }

  #rulesFor({ route }: Routed): Applied {
    return (route && this.#byRoute.get(route.name)) ?? this.#usual;
  }

  /** Each file and variable once, whichever rules name it: as a secret, and as none. */
  #onlyOnce(source: FieldSource, open: OpenFieldSource): SourcedValue {
    const from = source.file === undefined ? `env ${source.env}` : `file ${source.file}`;
    const key = `${source.secret === false ? '' : 'secret '}${from}`;
    const value = this.#opened.get(key) ?? open(source);
    this.#opened.set(key, value);
    return value;
  }
}

const NO_RULES: FieldRules = { request: [], response: [] };

function apply(
  rules: readonly CompiledRule[],
  head: RequestHead | ResponseHead,
  subject: Subject,
  status: number | undefined,
): void {
  const fields = new FieldList(head);
  for (const { change } of rules) change({ fields, subject, status });
  fields.write();
}

function orNothing(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
  }
}
