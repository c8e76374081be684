// What nobody may write in src/, though the compiler lets them.
import { targetOf } from './imports.js';
import type { Problem, Sources } from './structure.js';
import { importsOf, parse, visit } from './syntax.js';

export type GuardName = 'handles' | 'names' | 'conditions' | 'interfaces' | 'comments';

export const GUARDS: Record<GuardName, (sources: Sources) => Problem[]> = {
  handles: privateHandles,
  names: comparedNames,
  conditions: readConditions,
  interfaces: namedXeps,
  comments: headlessComments,
};

/** The parts of swc's syntax tree that are read here. */
interface Node {
  type: string;
  operator?: string;
  left?: Node;
  right?: Node;
  object?: Node;
  property?: Node;
  expression?: Node;
  key?: Node;
  value?: unknown;
  callee?: Node;
  arguments?: { expression: Node }[];
  elements?: ({ expression: Node } | null)[];
  base?: Node;
  discriminant?: Node;
  cases?: { test?: Node | null }[];
  identifier?: Node;
  superClass?: Node | null;
}

/** What Node asks of a stream to implement. */
const OF_STREAMS = new Set(['_construct', '_destroy', '_final', '_read', '_write', '_writev']);

/** The only package of the library that is used, by what it exports openly. */
const LIBRARY = '@xmpp/xml';

const MEMBERS = new Set(['Identifier', 'StringLiteral']);

/** The name of a member that is read, written or declared; `undefined` where it is computed, or private to its class. */
function memberOf({ type, property, key, value }: Node): string | undefined {
  if (type === 'MemberExpression' || type === 'SuperPropExpression') {
    return nameOf(property?.type === 'Computed' ? property.expression : property);
  }
  const isDeclared =
    /^(Class|Method)(Method|Property)$/.test(type) || /PatternProperty$/.test(type);
  if (isDeclared && key) return nameOf(key);
  return type === 'AssignmentPatternProperty' ? nameOf(value as Node) : undefined;
}

function nameOf(node: Node | undefined): string | undefined {
  return node && MEMBERS.has(node.type) ? String(node.value) : undefined;
}

/** Names that begin with `_` are the library's, or Node's, to change; so is what lies below the door of a package. */
function privateHandles(sources: Sources): Problem[] {
  return Object.entries(sources).flatMap(([path, source]) => {
    const found: Problem[] = [];
    visit(parse(source), (one) => {
      const node = one as Node;
      const name = memberOf(node) ?? '';
      const isOurTask = OF_STREAMS.has(name) && node.type === 'ClassMethod';
      if (/^_./.test(name) && !isOurTask) found.push({ path, text: `the private handle ${name}` });
    });
    const imports = importsOf(source).map(({ specifier }) => specifier);
    const inner = imports.filter((one) => one.startsWith('@xmpp/') && one !== LIBRARY);
    return [...found, ...inner.map((one) => ({ path, text: `the import of ${one}` }))];
  });
}

/** The names of ways stand in one list; those of errors are of the classes that extend one. */
function namesIn(sources: Sources): Set<string> {
  const names = new Set<string>(['Error']);
  const text = Object.values(sources).join('\n');
  const classes = [...text.matchAll(/\bclass (\w+) extends (\w+)/g)];
  for (let before = 0; before < names.size; ) {
    before = names.size;
    for (const [, name = '', above = ''] of classes) if (names.has(above)) names.add(name);
  }
  const [, ways = ''] = /\bWAY_NAMES = \[([^\]]*)\]/.exec(text) ?? [];
  for (const [, name = ''] of ways.matchAll(/'([^']+)'/g)) names.add(name);
  return names;
}

const isComparison = ({ type, operator = '' }: Node) =>
  type === 'BinaryExpression' && /^[!=]==?$/.test(operator);

/** Whether it is a name that somebody has: `name`, `x.name`, `x?.name`. */
function isName(node: Node | undefined): boolean {
  if (node?.type === 'OptionalChainingExpression') return isName(node.base);
  if (node?.type === 'Identifier') return node.value === 'name';
  return node?.type === 'MemberExpression' && memberOf(node) === 'name';
}

/** What is told apart by its name is compared with a literal, a `case`, or one of several. */
function literalsBeside(node: Node): (string | undefined)[] {
  if (isComparison(node)) {
    const { left, right } = node;
    if (isName(left)) return [literal(right)];
    return isName(right) ? [literal(left)] : [];
  }
  if (node.type === 'SwitchStatement' && isName(node.discriminant)) {
    return (node.cases ?? []).map(({ test }) => literal(test ?? undefined));
  }
  const { callee } = node;
  const isAmong = node.type === 'CallExpression' && callee?.type === 'MemberExpression';
  if (!isAmong || memberOf(callee as Node) !== 'includes') return [];
  const elements = callee?.object?.elements ?? [];
  const [asked] = node.arguments ?? [];
  return isName(asked?.expression) ? elements.map((one) => literal(one?.expression)) : [];
}

function literal(node: Node | undefined): string | undefined {
  return node?.type === 'StringLiteral' ? String(node.value) : undefined;
}

/** Whether an error is told by what it has: `'folder' in error`. */
const isToldByMember = ({ type, operator, left, right }: Node): boolean =>
  type === 'BinaryExpression' &&
  operator === 'in' &&
  literal(left) !== undefined &&
  /^(cause|err|error|reason)$/.test(String(right?.value));

/** Ways are asked for what they can do, and errors what they are: by `instanceof`. */
function comparedNames(sources: Sources): Problem[] {
  const names = namesIn(sources);
  return Object.entries(sources).flatMap(([path, source]) => {
    const found: Problem[] = [];
    visit(parse(source), (node) => {
      const literals = literalsBeside(node as Node).filter((one) => one && names.has(one));
      found.push(...literals.map((one) => ({ path, text: `a name is compared with '${one}'` })));
      if (isToldByMember(node as Node)) found.push({ path, text: 'an error is told by a member' });
    });
    return found;
  });
}

/** Where `transfer` reads conditions of errors, and where it chooses its own. */
const READ_CONDITIONS = ['transfer/answers.ts', 'transfer/ways/not-kept.ts'];

/** What an answer means is one table for each protocol, and nobody else's decision. */
function readConditions(sources: Sources): Problem[] {
  return Object.entries(sources)
    .filter(([path]) => path.startsWith('transfer/') && !READ_CONDITIONS.includes(path))
    .flatMap(([path, source]) => {
      const found: Problem[] = [];
      visit(parse(source), (one) => {
        const node = one as Node;
        const isRead = node.type === 'MemberExpression' || /PatternProperty$/.test(node.type);
        if (isRead && memberOf(node) === 'condition')
          found.push({ path, text: 'reads a condition' });
      });
      return found;
    });
}

/** A sentence without the thing that it is about has to be read twice. */
const HEADLESS = /(?:\/\*\*\s*(?:\*\s)?|^\s*\/\/ )((?:Of|Those|Who|One (?:that|who))\b.*)/gm;

function headlessComments(sources: Sources): Problem[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    [...source.matchAll(HEADLESS)].map(([, text = '']) => ({
      path,
      text: `a comment begins "${text.split(' ', 2).join(' ')}"`,
    })),
  );
}

/** The interfaces that hold the house. */
const INTERFACES = [
  'protocol/channel.ts',
  'protocol/jingle/transports/transport.ts',
  'transfer/ways/incoming.ts',
  'transfer/ways/way.ts',
];

/** They name no XEP, and neither do those who send and receive by them. */
const NAMES_NONE = /^transfer\/(finding|receiving|sending|serving)\//;

const OF_ONE_XEP = /^protocol\/(http-upload|ibb|si|socks5)\//;

function namedXeps(sources: Sources): Problem[] {
  return Object.entries(sources)
    .filter(([path]) => INTERFACES.includes(path) || NAMES_NONE.test(path))
    .flatMap(([path, source]) =>
      importsOf(source)
        .map(({ specifier }) => targetOf(path, specifier))
        .filter((target) => OF_ONE_XEP.test(target))
        .map((target) => ({ path, text: `imports ${target}` })),
    );
}
