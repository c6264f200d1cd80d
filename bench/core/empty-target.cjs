// @ts-check
exports.nothing = () => {};

/** When it is called, in ms on the clock of the machine. */
exports.noteTime = (/** @type {{ value: number }} */ at) => {
  at.value = Number(process.hrtime.bigint()) / 1e6;
};
