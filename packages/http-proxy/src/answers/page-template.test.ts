import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isPageTemplate, PAGE_FIELDS, type PageValues, parsePage, renderPage } from './page-template.ts';

const values: PageValues = {
  status: '403',
  title: 'Forbidden',
  detail: `<img src=x onerror='a()'> & "b"`,
  advice: undefined,
  url: 'http://h/',
  setting: '',
  date: 'now',
  proxy: 'px',
  error: 'http_request_denied',
  fault: 'client',
  id: 'k-1',
};

function rendered(text: string): string {
  const parsed = parsePage(text);
  if (!isPageTemplate(parsed)) throw new Error(parsed.message);
  return renderPage(parsed, values);
}

describe('the template of a page', () => {
  test('has values in place of fields, and all else as it is', () => {
    expect(rendered('<h1>{{status}} {{ title }}</h1>\n<style>@media x{b{c:d}}</style>{a}')).toBe(
      '<h1>403 Forbidden</h1>\n<style>@media x{b{c:d}}</style>{a}',
    );
    expect(rendered('no field')).toBe('no field');
  });

  test('has no markup from a value, in elements and in attributes', () => {
    expect(rendered('<p title="{{detail}}">{{detail}}</p>')).toBe(
      '<p title="&lt;img src=x onerror=&#39;a()&#39;&gt; &amp; &quot;b&quot;">&lt;img src=x onerror=&#39;a()&#39;&gt; &amp; &quot;b&quot;</p>',
    );
  });

  test('shows a section where its field has a value, and not where it has none or is empty', () => {
    expect(rendered('a{{#id}} id {{id}}{{#url}}, {{url}}{{/url}}{{#advice}} no{{/advice}}{{/id}} b')).toBe(
      'a id k-1, http://h/ b',
    );
    expect(rendered('{{#setting}}a{{/setting}}{{#advice}}b{{/advice}}{{advice}}')).toBe('');
  });

  test.each([
    ['\n{{detial}}', 2, 'there is no field "detial"'],
    ['{{constructor}}', 1, 'there is no field "constructor"'],
    ['a\n\n{{ detail', 3, 'a "{{" without a field; fields are written {{detail}}'],
    ['{{{detail}}}', 1, 'a "{{" without a field; fields are written {{detail}}'],
    ['{{#id}}\n', 1, '{{#id}} is never closed'],
    ['{{/id}}', 1, '{{/id}} closes what is not open'],
    ['{{#id}}\n{{#url}}{{/id}}{{/url}}', 2, '{{/id}} closes what is not open'],
  ])('is refused if it is %j', (text, line, message) => {
    expect(parsePage(text)).toMatchObject({ line, message });
  });
});

test('docs/errors.md has every field of a template, and its example is one', () => {
  const doc = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const [, section = ''] = doc.split('## Pages of your own\n');
  const listed = section.match(/^- (?:`\w+`(?:, )?)+:/gm)?.flatMap((line) => line.match(/\w+/g) ?? []);
  expect(listed?.toSorted()).toEqual(PAGE_FIELDS.toSorted());
  const [, example = '{{'] = /```html\n([^]*?)```/.exec(section) ?? [];
  expect(rendered(example)).toContain('<title>403 Forbidden</title>');
});
