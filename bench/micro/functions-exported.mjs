// What functions.mjs sends by reference: a function of another module.
export const sum = (a, b) => a + b;
