/**
 * What main.cjs loads its parts with: compiles and runs one the first time it is asked for. later.cjs is read as text,
 * and whole: what is not run is not parsed, and from the first part on that is loaded out of it, what a daemon needs
 * after days is there although the program was replaced meanwhile. Where it is not whole, or not of the build that `build`
 * names, as in the midst of an installation, nothing is loaded out of it, and `load` says so. What keeps it from being
 * read is thrown as it is: installing anew would not help, and another try may. An executable brings a `require.textOf`
 * that reads in itself.
 */
export const LOADER = `const modules = {};
let later;
function load(name) {
  if (modules[name]) return modules[name].exports;
  const part = parts[name] ?? compile(name);
  const module = { exports: {} };
  modules[name] = module;
  try {
    part(module, load, require);
  } catch (error) {
    delete modules[name];
    throw error;
  }
  return module.exports;
}
function compile(name) {
  later ??= readLater();
  const [start, end, lineOffset] = later.places[name];
  const { compileFunction } = require('node:vm');
  const options = { filename: later.path, lineOffset };
  return compileFunction(later.text.slice(start, end), ['module', 'load', 'require'], options);
}
function readLater() {
  let cause;
  const path = require('node:path').join(__dirname, 'later.cjs');
  try {
    const text = require.textOf?.('./later.cjs') ?? require('node:fs').readFileSync(path, 'latin1');
    const end = text.indexOf('\\n');
    const { build: written, length, places } = JSON.parse(text.slice(2, end));
    const parts = text.slice(end + 1);
    if (written === build && parts.length === length) return { path, text: parts, places };
  } catch (error) {
    // What is absent, or has other contents, is of no build.
    if (error.syscall && error.code !== 'ENOENT') throw Object.assign(error, { path });
    cause = error;
  }
  throw new Error('later.cjs is not of this build: install inband anew', { cause });
}
`;
