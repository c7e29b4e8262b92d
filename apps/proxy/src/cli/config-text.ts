import { Document, isMap, isScalar, isSeq } from 'yaml';
import type { ConfigInput } from '../config/input/config-input.ts';

/** What is said of a key before its line, by where it stands; `*` is any name or index. */
const COMMENTS: Readonly<Record<string, string>> = {
  listeners: 'Where clients are accepted. ":3128" would be every address of this machine.',
  services: 'What they get.',
  'services.*.mode': 'forward: the client chooses the server. reverse: the routes do.',
  'services.*.access':
    'Who may go where; the first rule that matches decides. Without rules a forward proxy serves\nloopback and private networks only.',
  'services.*.routes': 'How servers are reached; the first route that matches is taken.',
  log: 'What is logged, and how.',
};

/** A configuration as YAML with a comment for each part. `heading` stands before all of it, a line for each line. */
export function configText(config: ConfigInput, heading: string): string {
  const document = new Document(config);
  document.commentBefore = commented(heading);
  addComments(document.contents, []);
  // A blank line stands behind the heading anyway.
  const [first] = isMap(document.contents) ? document.contents.items : [];
  if (first !== undefined && isScalar(first.key)) first.key.spaceBefore = false;
  return document.toString({ lineWidth: 0 });
}

function addComments(node: unknown, path: readonly string[]): void {
  if (isSeq(node)) for (const item of node.items) addComments(item, [...path, '*']);
  if (!isMap(node)) return;
  for (const { key, value } of node.items) {
    if (!isScalar(key)) continue;
    const text = COMMENTS[[...path, String(key.value)].join('.')];
    if (text !== undefined) key.commentBefore = commented(text);
    if (text !== undefined && path.length === 0) key.spaceBefore = true;
    addComments(value, [...path, path.length === 1 ? '*' : String(key.value)]);
  }
}

function commented(text: string): string {
  return text.replaceAll(/^/gm, ' ');
}
