/** One line of a Dockerfile, its continuations with it. */
export interface Instruction {
  name: string;
  rest: string;
}

/** Reads a Dockerfile without parser directives and here-documents. */
export function readDockerfile(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const whole = lines.join('\n').replaceAll(/\\\n/g, '').split('\n');
  return whole.map((line) => {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (!name) throw new Error(`this is no instruction: ${line}`);
    return { name, rest };
  });
}

/** A list of words, which Docker takes in JSON alone without a shell around them. */
export function wordsOf(json: string): string[] {
  const words: unknown = JSON.parse(json);
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw new Error(`these are no words: ${json}`);
}

/** The flags in front of an instruction's words, and these. */
export function flagsOf(rest: string): { flags: string[]; words: string } {
  const [flags = ''] = /^(--\S+\s+)*/.exec(rest) ?? [];
  return { flags: flags.split(/\s+/).filter(Boolean), words: rest.slice(flags.length) };
}

/** What `docker run` is told to start. */
export interface DockerRun {
  /** The words behind the name of the image, if there are any. */
  args: string[] | undefined;
  /** Where its volumes are. */
  paths: string[];
  isReadOnly: boolean;
}

const WITH_VALUE = ['--cap-drop', '--name', '--restart', '--security-opt', '--volume'];
const WITHOUT_VALUE = ['--detach', '--interactive', '--read-only', '--rm', '--tty'];

/** The commands `docker run` of a page of Markdown; throws for flags that mean something else than we know. */
export function dockerRuns(page: string): DockerRun[] {
  const lines = page.replaceAll(/ \\\n */g, ' ').matchAll(/^docker run (.*)$/gm);
  return [...lines].map(([, line = '']) => {
    const words = line.split(' ');
    const run: DockerRun = { args: undefined, paths: [], isReadOnly: false };
    for (let flag = words.shift(); flag?.startsWith('-'); flag = words.shift()) {
      if (flag === '--volume') run.paths.push(words[0]?.split(':')[1] ?? '');
      if (flag === '--read-only') run.isReadOnly = true;
      if (WITH_VALUE.includes(flag)) words.shift();
      else if (!WITHOUT_VALUE.includes(flag)) throw new Error(`${flag} is not known here`);
    }
    return words.length > 0 ? { ...run, args: words } : run;
  });
}
