/** Runs `make` at the first call and keeps its result: a function's clients live as long as its environment. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
