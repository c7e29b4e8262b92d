import { ProxyError } from '@inband/core';
import { isPageTemplate, type PageTemplate, parsePage } from './page-template.ts';

/** The pages of a service: for a code, else for a status, else for all errors. */
export class ErrorPages {
  readonly #templates: ReadonlyMap<string, PageTemplate>;

  /** `texts`: templates by code (`dns_error`), status (`403`) or `default`. Throws a ProxyError for one that is wrong. */
  constructor(texts: Readonly<Record<string, string>>) {
    this.#templates = new Map(Object.entries(texts).map(([key, text]) => [key, compiled(key, text)]));
  }

  /** Undefined: the page of the proxy itself. */
  for({ code, status }: Pick<ProxyError, 'code' | 'status'>): PageTemplate | undefined {
    const templates = this.#templates;
    return templates.get(code) ?? templates.get(String(status)) ?? templates.get('default');
  }
}

function compiled(key: string, text: string): PageTemplate {
  const parsed = parsePage(text);
  if (isPageTemplate(parsed)) return parsed;
  const message = `The page for ${key} cannot be used: line ${parsed.line}: ${parsed.message}.`;
  throw new ProxyError('proxy_configuration_error', message, { setting: `http.errorPages.${key}` });
}
