/** Words in backticks of a page, outside of blocks of code. */
export function codeIn(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[^]*?^```/gm, '');
  return Array.from(prose.matchAll(/`([^`\n]+)`/g), ([, code = '']) => code);
}

/** What a word in backticks looks like, and so what must exist. */
export type Kind = 'file' | 'folder' | 'error' | 'symbol' | 'other';

export function kindOf(code: string): Kind {
  if (/^[\w./-]+\.(?:m?[jt]s|md|json|yaml|cjs)$/.test(code)) return 'file';
  if (/^[\w.-]+(?:\/[\w.-]+)*\/$/.test(code) || /^(?:packages|apps)\/[\w./-]+$/.test(code)) return 'folder';
  if (/^[a-z]+(?:_[a-z]+)+$/.test(code)) return 'error';
  // Two words joined by their case, or a member: `ServerPool`, `dial` is none, `Session.target`, `openListener()`.
  if (
    /^[A-Z]\w*\.[a-z]\w*(?:\(\w*\))?$/.test(code) ||
    /^[A-Za-z]\w*[a-z0-9][A-Z]\w*(?:\(\))?$|^[a-z][A-Z]\w*$/.test(code)
  )
    return 'symbol';
  return 'other';
}
