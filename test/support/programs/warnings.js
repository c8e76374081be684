// Loaded into each process of Jest: what Node warns of there fails the test that is running.

/** Jest needs modules that may change, and libraries of its own use what is going away. */
const OF_OTHERS = ['DeprecationWarning', 'ExperimentalWarning'];

process.on('warning', (warning) => {
  if (!OF_OTHERS.includes(warning.name)) throw warning;
});
