/**
 * A reporter for CI: the run fails where a test was skipped. What is missing on one's own machine may be left out
 * there; left out in CI, nobody would notice.
 */
export default class NothingSkipped {
  /** @type {string[]} */
  #skipped = [];

  /**
   * @param {unknown} _test
   * @param {{ testResults: { status: string, fullName: string }[] }} result
   */
  onTestResult(_test, { testResults }) {
    for (const { status, fullName } of testResults) {
      if (status === 'pending') this.#skipped.push(fullName);
    }
  }

  onRunComplete() {
    const error = this.getLastError();
    if (error) process.stderr.write(`${error.message}\n`);
  }

  getLastError() {
    if (this.#skipped.length === 0) return undefined;
    return new Error(['skipped, though this is CI:', ...this.#skipped].join('\n  '));
  }
}
