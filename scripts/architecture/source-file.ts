// A committed file as the architecture rules see it: path, text, and for TypeScript its imports and numeric tokens.
import ts from 'typescript';

/** One `import` or `export ... from`; `typeOnly` when nothing of it is left at run time. */
export interface ImportEdge {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A file of the work tree, path relative to the root with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** A broken rule at a place, in the form `path:line rule: message`. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Makes a `SourceFile` of a path and its text. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, lines: text.split('\n') };
}

/** True for hand-written TypeScript. */
export function isTypeScript(file: SourceFile): boolean {
  return /\.tsx?$/.test(file.path) && !file.path.endsWith('.d.ts');
}

/** True for tests, what only tests use, benchmarks and build configuration: they may use Node. */
export function isDevelopmentOnly(path: string): boolean {
  return /\.test\.tsx?$|\/test-support\/|\/bench\/|\/fuzz\/|\.config\.ts$/.test(path);
}

/** `packages/mm/src/x.ts` -> `mm`; `apps/cli/src/x.ts` -> `cli`; otherwise undefined. */
export function workspaceName(path: string): string | undefined {
  return /^(?:packages|apps)\/([^/]+)\//.exec(path)?.[1];
}

/** Every import, re-export and dynamic import with a literal specifier. */
export function importsOf(file: SourceFile): ImportEdge[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, false);
  const edges: ImportEdge[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean) => {
    if (specifier && ts.isStringLiteralLike(specifier)) {
      const line = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
      edges.push({ specifier: specifier.text, typeOnly, line });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeOnlyImport(node));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly || allTypeOnly(node));
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return edges;
}

function isTypeOnlyImport(node: ts.ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return (
    !clause.name &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly)
  );
}

function allTypeOnly(node: ts.ExportDeclaration): boolean {
  const clause = node.exportClause;
  return (
    clause !== undefined &&
    ts.isNamedExports(clause) &&
    clause.elements.length > 0 &&
    clause.elements.every((element) => element.isTypeOnly)
  );
}

/** A number in code (not in a comment or a string) with the operator token before it. */
export interface NumberToken {
  readonly value: number;
  readonly before: string;
  /** As written: `0x1000`, `4_096`. */
  readonly spelling: string;
  /** True when it is the value of a property, as the bits of flag tables are. */
  readonly isProperty: boolean;
  readonly line: number;
}

/** Numeric literals of a file in order, separators and `n` suffixes removed. */
export function numbersOf(file: SourceFile): NumberToken[] {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const numbers: NumberToken[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNumericLiteral(node) || ts.isBigIntLiteral(node)) {
      const { parent } = node;
      const isRight = ts.isBinaryExpression(parent) && parent.right === node;
      numbers.push({
        value: Number(node.text.replace(/n$/, '')),
        before: isRight ? parent.operatorToken.getText(tree) : '',
        spelling: node.getText(tree),
        isProperty: ts.isPropertyAssignment(parent),
        line: tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1,
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return numbers;
}
