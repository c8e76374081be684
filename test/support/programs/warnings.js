// Loaded into each process of Jest: what Node warns of there fails the test that is running.

/** Jest needs modules that may change, and libraries of its own use what is going away; `Warning` is a word of ours. */
const OTHERS = ['DeprecationWarning', 'ExperimentalWarning', 'Warning'];

process.on('warning', (warning) => {
  if (!OTHERS.includes(warning.name)) throw warning;
});
