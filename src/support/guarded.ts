/** What a user's function throws when it is called back is an error that nobody has caught, and no concern of the caller. */
export function guarded<A>(fn: (argument: A) => void): (argument: A) => void {
  return (argument) => {
    try {
      fn(argument);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  };
}
