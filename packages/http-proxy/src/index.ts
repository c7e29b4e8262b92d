export { acceptProtocols } from './accept-protocols.ts';
export { createHttpProxy, type HttpProxyDeps } from './http-proxy.ts';
export type { AcceptedProtocol } from './socks/accepted-socks.ts';
export type { Call, Step } from './exchange/steps/step.ts';
export {
  isPageTemplate,
  PAGE_FIELDS,
  type PageProblem,
  type PageTemplate,
  parsePage,
} from './answers/page-template.ts';
export { compilePacRules, PLAIN_NAMES, type PacRules } from './answers/pac-rules.ts';
export { pacText } from './answers/pac-text.ts';
export { defaultHttpOptions, type HttpOptions } from './service/options.ts';
export type { FilterParents } from './service/filter-parents.ts';
export type { SecureHosts } from './service/secure-hosts.ts';
export type { TrustedProxies } from './service/trusted-proxies.ts';
export { mayHaveContent, type RouteAnswer, type RouteAnswers } from './answers/route-answers.ts';
export type {
  FieldCondition,
  FieldRule,
  FieldRules,
  FieldSource,
  FieldValue,
  OpenFieldSource,
  Replacement,
  ServiceFieldRules,
  SourcedValue,
} from './fields/field-rules.ts';
export { authorityProblem } from './message/authority.ts';
export type { RouteRewrite, RouteRewrites } from './rewriting/route-rewrite.ts';
export { fieldNameProblem } from './fields/field-name.ts';
export { highestGroup } from './fields/replacement.ts';
export { parseTemplate, type Template, type TemplateProblem } from './fields/template.ts';
export { LATE_VARIABLES, VARIABLE_NAMES } from './fields/variables.ts';
export { USUAL_CONNECT_PORTS } from './exchange/steps/connect-ports.ts';
export { whatToDo } from './answers/what-to-do.ts';
