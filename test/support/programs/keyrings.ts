// Stand-ins for programs that keep passwords, which behave as theirs do; and the folder in which each finds its own.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PREAMBLE = `#!/usr/bin/python3
import json, os, shlex, sys
store = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store.json")
with open(os.path.join(os.path.dirname(store), "arguments"), "a") as log:
    log.write(json.dumps(sys.argv) + "\\n")
known = json.load(open(store)) if os.path.exists(store) else {}

def save():
    json.dump(known, open(store, "w"))
`;

/** libsecret's: takes all of its input, gives back the very bytes, and says nothing where it has none. */
const SECRET_TOOL = `
command, words = sys.argv[1], [word for word in sys.argv[2:] if not word.startswith("--label=")]
key = json.dumps(sorted(zip(words[::2], words[1::2])))
if command == "store":
    known[key] = sys.stdin.read()
    save()
elif command == "lookup":
    if key not in known:
        sys.exit(1)
    sys.stdout.write(known[key])
elif command == "clear":
    known.pop(key, None)
    save()
else:
    sys.exit(2)
`;

/** The one of macOS: reads commands with -i, gives a password back as hex where it is not ASCII, and knows 44. */
const SECURITY = `
def run(words):
    flags = {words[i]: words[i + 1] for i in range(1, len(words) - 1) if words[i] in ("-s", "-a", "-X")}
    key = flags["-s"] + " " + flags["-a"]
    if words[0] == "add-generic-password":
        if key in known and "-U" not in words:
            return 45
        known[key] = bytes.fromhex(flags["-X"]).decode()
        save()
    elif key not in known:
        return 44
    elif words[0] == "delete-generic-password":
        del known[key]
        save()
    elif words[0] == "find-generic-password":
        found = known[key]
        print(found if found.isascii() else found.encode().hex())
    return 0

if sys.argv[1:] == ["-i"]:
    for line in sys.stdin:
        with open(os.path.join(os.path.dirname(store), "input"), "a") as log:
            log.write(line)
        run(shlex.split(line))
else:
    sys.exit(run(sys.argv[1:]))
`;

const BROKEN = `
sys.stderr.write("Cannot autolaunch D-Bus without X11 $DISPLAY\\n")
sys.exit(1)
`;

const PROGRAMS = {
  'secret-tool': SECRET_TOOL,
  'broken secret-tool': BROKEN,
  security: SECURITY,
};

export interface Keyring {
  /** To be put before `PATH`. */
  folder: string;
  /** All arguments that it was run with. */
  argumentsSeen(): Promise<string>;
  /** The commands that `security` has read. */
  inputSeen(): Promise<string>;
  /** How many passwords it keeps. */
  count(): Promise<number>;
}

/** Makes a stand-in in a folder of its own below this one. */
export async function standIn(folder: string, program: keyof typeof PROGRAMS): Promise<Keyring> {
  const place = join(folder, program.replace(' ', '-'));
  const path = join(place, program.replace('broken ', ''));
  await mkdir(place);
  await writeFile(path, PREAMBLE + PROGRAMS[program]);
  await chmod(path, 0o755);
  return {
    folder: place,
    argumentsSeen: () => readFile(join(place, 'arguments'), 'utf8'),
    inputSeen: () => readFile(join(place, 'input'), 'utf8'),
    count: async () =>
      Object.keys(JSON.parse(await readFile(join(place, 'store.json'), 'utf8'))).length,
  };
}
