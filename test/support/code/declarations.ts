// What a declaration file declares, with its docstrings. `npm run build` makes that of the library, dist/index.d.ts.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  isClassDeclaration,
  isExportDeclaration,
  isImportDeclaration,
  isInterfaceDeclaration,
  isPrivateIdentifier,
  type Node,
  type Statement,
} from 'typescript/unstable/ast';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

export interface Declared {
  name: string;
  /** Its code, in one line: the whole of it, but of a class or an interface only what stands before the members. */
  code: string;
  /** Paragraphs; none where it has no docstring. */
  doc: string[];
}

export interface Declaration extends Declared {
  kind: 'class' | 'interface' | 'other';
  /** The module in src/ that it is of. */
  module: string;
  members: Declared[];
}

/** The declarations of the library, as it was built last. */
export function libraryDeclarations(): Declaration[] {
  const path = fileURLToPath(new URL('../../../dist/index.d.ts', import.meta.url));
  if (!existsSync(path)) throw new Error('npm run build makes dist/index.d.ts, which is not there');
  return declarationsIn(readFileSync(path, 'utf8'));
}

/** The declarations of a file that names each module before its own: `// session/jid`. */
export function declarationsIn(text: string): Declaration[] {
  const config = JSON.stringify({ compilerOptions: { noLib: true }, files: ['index.d.ts'] });
  const fs = createVirtualFileSystem({ '/tsconfig.json': config, '/index.d.ts': text });
  const api = new API({ fs });
  try {
    const snapshot = api.updateSnapshot({ openProjects: ['/tsconfig.json'] });
    const file = snapshot.getProjects()[0]?.program.getSourceFile('/index.d.ts');
    return [...(file?.statements ?? [])]
      .filter((one) => !isImportDeclaration(one) && !isExportDeclaration(one))
      .map((one) => readStatement(one, text));
  } finally {
    api.close();
  }
}

function readStatement(statement: Statement, text: string): Declaration {
  const start = statement.getStart();
  const [module = ''] = [...text.slice(0, start).matchAll(/^\/\/ (.*)$/gm)].at(-1)?.slice(1) ?? [];
  const whole = oneLine(text.slice(start, statement.end)).replace(/^(export )?(declare )?/, '');
  const [, name = ''] = /^\w+ (\w+)/.exec(whole) ?? [];
  const doc = docOf(statement);
  if (!isClassDeclaration(statement) && !isInterfaceDeclaration(statement)) {
    return { kind: 'other', name, module, code: whole, doc, members: [] };
  }
  const kind = isClassDeclaration(statement) ? 'class' : 'interface';
  const [code = ''] = whole.split(' {');
  const members = [...(statement.members as Iterable<Node & { name?: Node }>)]
    .filter(({ name }) => !name || !isPrivateIdentifier(name))
    .map((member) => readMember(member, text));
  return { kind, name, module, code, doc, members };
}

function readMember(member: Node & { name?: Node }, text: string): Declared {
  const code = oneLine(text.slice(member.getStart(), member.end)).replace(/;$/, '');
  return { name: member.name?.getText() ?? 'constructor', code, doc: docOf(member) };
}

/** Without the docstrings of what is inside. */
const oneLine = (code: string): string =>
  code
    .replace(/\/\*\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .trim();

function docOf(node: Node): string[] {
  const text = /\/\*\*(?:(?!\/\*\*).)*$/s.exec(node.jsDoc?.at(-1)?.getText() ?? '')?.[0] ?? '';
  const lines = text.replace(/^\/\*\*|\*\/$/g, '').split('\n');
  const plain = lines.map((line) => line.replace(/^ *\* ?/, '').trim()).join('\n');
  return plain
    .split(/\n{2,}/)
    .map((part) => part.replaceAll('\n', ' ').trim())
    .filter(Boolean);
}
