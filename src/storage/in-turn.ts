export type InTurn = <T>(job: () => Promise<T>) => Promise<T>;

/** Returns a function that runs jobs one after another, in the order of its calls. A job that fails stops none. */
export function inTurn(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(job);
    last = result.catch(() => undefined); // the caller has the error
    return result;
  };
}
