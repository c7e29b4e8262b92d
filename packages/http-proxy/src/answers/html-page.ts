/** Sans-serif, one column that fits a phone, light or dark as the system is. */
const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:10vh auto;padding:0 1em;color:#222;background:#fff;overflow-wrap:anywhere}
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.8em}a{color:inherit}
code,pre{background:#eee;font:.9em/1.5 ui-monospace,monospace}code{padding:.1em .3em}
pre{padding:.6em .8em;white-space:pre-wrap}pre code{padding:0;font-size:1em}
footer{color:#595959;font-size:.85em;margin-top:3em}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code,pre{background:#333}footer{color:#aaa}}`;

/** SHA-256 of the style; a test keeps it true. */
const STYLE_HASH = 'NKtT26OeDfJ0yC5bayyn4H1JuXdtQjdK0owsjtiXN9M=';

/**
 * Fields of every answer of the proxy itself. It is what it says it is, no other page may frame or include it, and a browser shows
 * its style and nothing else, whatever stands in it. `img-src data:` is for the empty icon, which saves the request for
 * `/favicon.ico`.
 */
export const PROTECTION = protection(`style-src 'sha256-${STYLE_HASH}'`, 'img-src data:');

/**
 * Fields of a page that the operator wrote. It may have styles, and pictures and fonts within itself. It has no scripts, and
 * nothing that a browser would have to fetch, which may be just what does not work.
 */
export const TEMPLATE_PROTECTION = protection("style-src 'unsafe-inline'", 'font-src data:; img-src data:');

function protection(style: string, media: string): readonly (readonly [name: string, value: string])[] {
  const rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return [
    ['X-Content-Type-Options', 'nosniff'],
    ['Content-Security-Policy', `default-src 'none'; ${style}; ${rest}; ${media}`],
  ];
}

/** A whole page. `title` is text; `content` is markup, in which everything that is not ours is escaped. */
export function htmlPage(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
${content}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as the content of an element or of an attribute in quotes. */
export function escapeHtml(value: string): string {
  return value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
