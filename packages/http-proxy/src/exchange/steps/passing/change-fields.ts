import { type ApplyRules, compileRules, type RuleContext } from '../../../fields/compile-rules.ts';
import type { FieldRules, FieldSource, SourcedValue } from '../../../fields/field-rules.ts';
import { Literal } from '../../../message/words.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';

interface Applied {
  readonly request: ApplyRules | undefined;
  readonly response: ApplyRules | undefined;
}

/** Changes fields of requests and answers as the service and its routes say, those of the service first. */
export function changeFields({
  service,
  fieldRules,
  openFieldSource,
  compilePattern,
}: Pick<HttpContext, 'service' | 'fieldRules' | 'openFieldSource' | 'compilePattern'>): Step | undefined {
  if (fieldRules === undefined) return undefined;
  const { service: common = NO_RULES, routes } = fieldRules;
  const place = `services.${service.name}.fields`;
  const opened = new Map<string, SourcedValue>();
  const open = (source: FieldSource): SourcedValue => onlyOnce(opened, source, openFieldSource);
  const compile = (own: FieldRules): Applied => {
    const context: RuleContext = { place, open, compilePattern };
    return {
      request: compileRules([...common.request, ...own.request], context),
      response: compileRules([...common.response, ...own.response], context),
    };
  };
  const usual = compile(NO_RULES);
  const byRoute = new Map(Object.entries(routes).map(([name, rules]) => [name, compile(rules)]));
  const rulesFor = ({ route }: Call): Applied => (route && byRoute.get(route.name)) ?? usual;
  return {
    name: 'change-fields',
    request(call) {
      const apply = rulesFor(call).request;
      const { request } = call;
      if (apply !== undefined) request.added = joined(request.added, apply(request, call, undefined));
    },
    response(call, head) {
      const apply = rulesFor(call).response;
      if (apply !== undefined) head.added = joined(head.added, apply(head, call, head.status));
    },
    close() {
      for (const value of opened.values()) value.close();
    },
  };
}

const NO_RULES: FieldRules = { request: [], response: [] };

/** Each file and variable once, whichever rules name it. */
function onlyOnce(
  opened: Map<string, SourcedValue>,
  source: FieldSource,
  open: HttpContext['openFieldSource'],
): SourcedValue {
  const key = source.file === undefined ? `env ${source.env}` : `file ${source.file}`;
  const value = opened.get(key) ?? open(source);
  opened.set(key, value);
  return value;
}

function joined(before: Literal | undefined, lines: string): Literal | undefined {
  if (lines === '') return before;
  return new Literal(before === undefined ? lines : `${before.toString()}${lines}`);
}
