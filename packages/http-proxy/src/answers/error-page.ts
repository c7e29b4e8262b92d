import { escapeHtml, htmlPage } from './html-page.ts';
import type { PageValues } from './page-template.ts';

const FAULTS: Readonly<Record<string, string>> = { client: 'the request', server: 'the server', proxy: 'the proxy' };

/** The page about an error where the operator has none. */
export function errorPage(values: PageValues): string {
  const { status, title, detail, advice, url, setting, date, proxy, error, fault, id } = values;
  const content = [
    shown`<p>${detail}</p>\n`,
    markCode(shown`<p>${advice}</p>\n`),
    shown`<p>Asked for: <code>${url}</code></p>\n`,
    shown`<p>The setting <code>${setting}</code> would change this.</p>\n`,
    shown`<footer>${date}`,
    shown` &middot; ${proxy}`,
    shown` &middot; <code>${error}</code>`,
    shown` &middot; fault of ${FAULTS[fault ?? '']}`,
    shown` &middot; request <code>${id}</code>`,
    '</footer>\n',
  ];
  return htmlPage(`${status} ${title}`, content.join(''));
}

/** Markup around a value, which is escaped; nothing at all without a value. */
function shown([before = '', after = '']: TemplateStringsArray, value: string | undefined): string {
  return value === undefined ? '' : `${before}${escapeHtml(value)}${after}`;
}

/** What stands between backticks, in advice of ours. */
function markCode(html: string): string {
  return html.replaceAll(/`([^`]*)`/g, '<code>$1</code>');
}
