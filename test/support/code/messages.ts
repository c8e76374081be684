// What a person may be told, found in src/ by its syntax: the texts of errors, with what can be done, and of events.
import { parse } from './syntax.js';

export interface Message {
  /** What it is told as: the name of a class of errors, or the word of an event. */
  kind: string;
  /** With `<name>` for what is put in. */
  text: string;
  hints: string[];
}

/** The parts of swc's syntax tree that are read here. */
interface Node {
  type: string;
  value?: unknown;
  callee?: Node;
  arguments?: { expression: Node }[];
  quasis?: { cooked: string }[];
  expressions?: Node[];
  property?: Node;
  expression?: Node;
  properties?: { key?: Node; value?: Node }[];
  identifier?: Node;
  superClass?: Node | null;
  consequent?: Node;
  alternate?: Node;
  id?: { value?: string };
}

/** Texts for the help, for peers, and for whoever has called a function in a wrong way. */
const ELSEWHERE = new Set([
  ...['RangeError', 'TypeError', 'checkFunction', 'StanzaError', 'badRequest', 'notAcceptable'],
  ...['badProfile', 'emitWarning'],
  ...['option', 'Option', 'PeopleOption', 'sizeOption', 'timeOption', 'argument', 'usage'],
  ...[
    'description',
    'summary',
    'addExamples',
    'EXAMPLES',
    'addSealingOptions',
    'plainOption',
    'commandsGroup',
    'entry',
    'hmac',
    'Symbol',
  ],
  ...['replace', 'replaceAll', 'includes', 'split', 'RegExp', 'onMessage', 'specific'],
]);

/** What a call of such a name tells. */
const TELLERS: Readonly<Record<string, string>> = {
  warn: 'warning',
  note: 'note',
  found: 'note',
  pending: 'pending',
  notice: 'notice',
  tell: 'warning',
  refused: 'RecipientRefused',
  misuse: 'UsageError',
  statNamed: 'SourceUnusable',
};

/** Those of one module. `kinds`: the names of the classes of errors that are told. */
export function messagesOf(source: string, kinds: ReadonlySet<string>): Message[] {
  const found: Message[] = [];
  look(parse(source), 'part', { found, kinds });
  return found;
}

interface Search {
  found: Message[];
  kinds: ReadonlySet<string>;
}

function look(value: unknown, kind: string, search: Search): void {
  if (typeof value !== 'object' || value === null) return;
  const node = value as Node;
  if (/^(Import|Export(All|Named)|Ts)/.test(node.type ?? '')) return;
  if (node.type === 'VariableDeclarator' && ELSEWHERE.has(node.id?.value ?? '')) return;
  if (isText(node)) {
    tell(node, kind, [], search);
    for (const part of node.expressions ?? []) look(part, kind, search);
    return;
  }
  if (isForPeers(node)) return;
  const called = calledBy(node);
  if (called && ELSEWHERE.has(called)) return;
  if (called && node.arguments && isTold(called, search)) return lookInto(node, called, search);
  const inner = eventOf(node) ?? classOf(node, search) ?? (called && TELLERS[called]) ?? kind;
  for (const child of Object.values(node)) look(child, inner, search);
}

const isTold = (called: string, { kinds }: Search): boolean =>
  kinds.has(called) || called === 'withHints';

/** An error with texts: the first is what happened, the others are what can be done. */
function lookInto({ arguments: all = [] }: Node, called: string, search: Search): void {
  const [first, ...others] = all.map(({ expression }) => expression);
  const hints = others.filter(isText);
  const before = search.found.length;
  if (first && isText(first)) tell(first, called, [], search);
  look(first && isText(first) ? first.expressions : first, called, search);
  const message = search.found[before] ?? { hints: [] as string[] };
  message.hints.push(...hints.map(shown));
  if (!search.found[before]) for (const hint of hints) tell(hint, 'hint', [], search);
  look(
    others.filter((one) => !isText(one)),
    called === 'withHints' ? 'hint' : called,
    search,
  );
}

function tell(node: Node, kind: string, hints: string[], { found }: Search): void {
  const text = shown(node);
  const fixed = text.replace(/<[^<>]*>/g, '');
  if (/\S \S/.test(text) && /\p{L}{4}/u.test(fixed)) found.push({ kind, text, hints });
}

const isText = ({ type }: Node): boolean => type === 'StringLiteral' || type === 'TemplateLiteral';

function shown(node: Node): string {
  if (node.type === 'StringLiteral') return String(node.value);
  const parts = (node.quasis ?? []).map(({ cooked }, index) => {
    const between = node.expressions?.[index];
    return between ? `${cooked}<${nameOf(between)}>` : cooked;
  });
  return parts.join('');
}

/** A word for what is put into a text. */
function nameOf(node: Node | undefined): string {
  if (!node) return '…';
  if (isText(node)) return shown(node);
  if (node.type === 'ConditionalExpression')
    return [nameOf(node.consequent), nameOf(node.alternate)].join('|');
  if (node.type === 'CallExpression') return nameOf(node.arguments?.[0]?.expression ?? node.callee);
  if (node.type === 'MemberExpression') return nameOf(node.property);
  if (node.type === 'PrivateName') return String(node.value ?? node.id?.value ?? '…');
  return typeof node.value === 'string' ? node.value : '…';
}

/** The name of what is called, or made. */
function calledBy({ type, callee }: Node): string | undefined {
  if (type !== 'CallExpression' && type !== 'NewExpression') return undefined;
  return callee?.type === 'Super' ? undefined : nameOf(callee);
}

/** The word of an event, where an object is one. */
function eventOf({ type, properties = [] }: Node): string | undefined {
  if (type !== 'ObjectExpression') return undefined;
  const event = properties.find(({ key }) => key?.value === 'event')?.value;
  return event?.type === 'StringLiteral' ? String(event.value) : undefined;
}

/** A reason of Jingle, which the program of somebody else may show. */
const isForPeers = ({ type, properties = [] }: Node): boolean =>
  type === 'ObjectExpression' && properties.some(({ key }) => key?.value === 'condition');

/** A class of errors, whose texts are in itself. */
function classOf({ type, identifier }: Node, { kinds }: Search): string | undefined {
  const name = type === 'ClassDeclaration' ? String(identifier?.value) : '';
  return kinds.has(name) ? name : undefined;
}
