// @ts-check
export function nothing() {}
