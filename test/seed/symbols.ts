import { isNode, nameOf, nodesIn, parseSource, type Node } from './syntax.ts';

/**
 * What a source exports, and what is in it. A symbol is written `DirectedChainer`, with a member
 * `DirectedChainer.remote`, or with a parameter `Chainer.connectServer(host)`. Private members are none.
 */
export class SourceSymbols {
  readonly #exports = new Map<string, Node>();

  constructor(source: string) {
    for (const { type, declaration } of parseSource(source)) {
      if (type !== 'ExportNamedDeclaration' || !isNode(declaration)) continue;
      const named = declaration.type === 'VariableDeclaration' ? nodesIn(declaration.declarations) : [declaration];
      for (const node of named) {
        const name = nameOf(node.id);
        if (name !== undefined) this.#exports.set(name, node);
      }
    }
  }

  has(symbol: string): boolean {
    const [, path = '', parameter] = /^([\w.]+)(?:\((\w+)\))?$/.exec(symbol) ?? [];
    const [name = '', ...members] = path.split('.');
    let found = this.#exports.get(name);
    for (const member of members) found = found && membersOf(found).find((node) => memberName(node) === member);
    if (found === undefined) return false;
    return parameter === undefined || parametersOf(found).includes(parameter);
  }
}

/** The members of a class, an interface, an object type (parts of unions included) or an object. */
function membersOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
      return isNode(node.body) ? nodesIn(node.body.body) : [];
    case 'TSTypeAliasDeclaration':
      return isNode(node.typeAnnotation) ? membersOf(node.typeAnnotation) : [];
    case 'TSTypeLiteral':
      return nodesIn(node.members);
    case 'TSUnionType':
    case 'TSIntersectionType':
      return nodesIn(node.types).flatMap(membersOf);
    case 'VariableDeclarator':
      return isNode(node.init) ? membersOf(node.init) : [];
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return isNode(node.expression) ? membersOf(node.expression) : [];
    case 'ObjectExpression':
      return nodesIn(node.properties);
    default:
      return [];
  }
}

function memberName({ key, kind }: Node): string | undefined {
  return kind === 'constructor' ? 'constructor' : nameOf(key);
}

/** Names of the parameters; the underscore of one that is not used is left out. */
function parametersOf(node: Node): readonly string[] {
  const holder = [node.value, node.init, node.typeAnnotation].find(isNode) ?? node;
  return [node, holder]
    .flatMap(({ params }) => nodesIn(params))
    .map((parameter) => (parameter.type === 'AssignmentPattern' ? parameter.left : parameter))
    .flatMap((parameter) => nameOf(parameter)?.replace(/^_/, '') ?? []);
}
