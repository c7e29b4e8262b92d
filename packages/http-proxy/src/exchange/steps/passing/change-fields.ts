import { type ApplyRules, compileRules, type RuleContext } from '../../../fields/compile-rules.ts';
import type { FieldFile, FieldRules, OpenFieldFile } from '../../../fields/field-rules.ts';
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
  openFieldFile,
}: Pick<HttpContext, 'service' | 'fieldRules' | 'openFieldFile'>): Step | undefined {
  if (fieldRules === undefined) return undefined;
  const { service: common = NO_RULES, routes } = fieldRules;
  const place = `services.${service.name}.fields`;
  const files = new Map<string, FieldFile>();
  const compile = (own: FieldRules): Applied => {
    const context: RuleContext = { place, fileAt: (path) => fileIn(files, path, openFieldFile) };
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
      for (const file of files.values()) file.close();
    },
  };
}

const NO_RULES: FieldRules = { request: [], response: [] };

/** Each file once, whichever rules name it. */
function fileIn(files: Map<string, FieldFile>, path: string, open: OpenFieldFile): FieldFile {
  const file = files.get(path) ?? open(path);
  files.set(path, file);
  return file;
}

function joined(before: Literal | undefined, lines: string): Literal | undefined {
  if (lines === '') return before;
  return new Literal(before === undefined ? lines : `${before.toString()}${lines}`);
}
