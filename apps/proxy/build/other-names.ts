/**
 * V8 has a cell for each export. Optimised code reads and checks it at each use, in the same file as well, where any other constant is a part of the code. So
 * a file exports other names for what never changes.
 *
 * `exported` is the number of names that the file exports. Throws if the text is not in the form that rolldown writes, because the file would go on exporting
 * what it uses, and nothing would tell.
 */
export function withOtherNames(file: string, text: string, exported: number): string {
  const code = text.replaceAll(CLASS, 'const $1 = class');
  const parts = listOf(EXPORTS.exec(code)?.[1]);
  const passedOn = Array.from(code.matchAll(PASSED_ON)).flatMap(([, list]) => listOf(list));
  const found = parts.length + passedOn.length;
  if (found !== exported) throw new Error(otherForm(file, `of ${exported} exports ${found} are found`));
  const unchanging = new Set(Array.from(code.matchAll(UNCHANGING), ([, name = '']) => name));
  const changing = new Set(Array.from(code.matchAll(CHANGING), ([, name = '']) => name));
  const others: string[] = [];
  const names = parts.map((part) => {
    const [name = part, , alias = name] = part.split(' ');
    if (unchanging.has(name)) {
      others.push(`${name}$exported = ${name}`);
      return `${name}$exported as ${alias}`;
    }
    if (!changing.has(name) && !isImported(name, code)) throw new Error(otherForm(file, `no declaration of ${name}`));
    return part;
  });
  return others.length === 0
    ? code
    : code.replace(EXPORTS, () => `const ${others.join(', ')}; export { ${names.join(', ')} };`);
}

/** As rolldown writes them: declarations of a file are at the beginning of a line, and its exports are one line. */
const CLASS = /^var ([\w$]+) = class\b/gm;
const UNCHANGING = /^(?:const|class|(?:async )?function\*?) ([\w$]+)/gm;
const CHANGING = /^(?:var|let) ([\w$]+)(?! = class\b)/gm;
const EXPORTS = /^export \{ (.*) \};$/m;

/** What a file has of others. */
const PASSED_ON = /^export \{ (.*) \} from "[^"]+";$/gm;

function listOf(names: string | undefined): string[] {
  return names === undefined ? [] : names.split(', ');
}

/** Another file changes what is only passed on, or does not. */
function isImported(name: string, code: string): boolean {
  const imports = code.matchAll(/^(?:import|const) (.*?)(?: from |;$| = )/gm);
  return Array.from(imports).some(([, names = '']) => names.split(/[{},\s]+/).includes(name));
}

function otherForm(file: string, what: string): string {
  return `build/other-names.ts does not know the form in which rolldown wrote ${file}: ${what}.`;
}
