// @ts-check
exports.nothing = () => {};
